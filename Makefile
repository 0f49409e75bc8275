# `make demo` and `make test` set up everything they need in .venv; only Python 3.11+ and make must be there.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(shell command -v uv 2>/dev/null)
CAPTURES ?= ../shared/captures

# Three workers for two cores, because many tests wait. Without the last option, files with a single long test come at
# the end, where workers wait for one another.
PYTEST := -m pytest -n 3 --dist loadscope --no-loadscope-reorder
# These tests start hundreds of programs, which takes minutes. tests/docs are run by `make docs`.
PROGRAMS := tests/cli tests/examples

check_python = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=…"; exit 1; }

ifdef UV
make_venv = $(UV) venv --quiet --allow-existing --python $(PYTHON) $(1)
install   = $(UV) pip install --quiet --python $(1)/bin/python
else
make_venv = $(PYTHON) -m venv $(1) && $(1)/bin/python -m pip install --quiet --upgrade pip
install   = $(1)/bin/python -m pip install --quiet
endif

.PHONY: help demo test test-cli test-lowest test-newest test-python lint format probe replay clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

$(VENV)/.venv:
	@$(check_python)
	@echo "Making a virtual environment in $(VENV) …"
	@$(call make_venv,$(VENV))
	@touch $@

$(VENV)/.demo: $(VENV)/.venv pyproject.toml
	@echo "Installing langchain_glm, LangChain and LangGraph into $(VENV), once; this takes up to a minute …"
	@$(call install,$(VENV)) --editable '.[testing]' --group demo
	@touch $@

$(VENV)/.dev: $(VENV)/.venv pyproject.toml
	@echo "Installing langchain_glm and what its tests need into $(VENV), once; this takes a minute or two …"
	@$(call install,$(VENV)) --editable '.[testing]' --group dev
	@touch $@

demo: $(VENV)/.demo  ## run the demo: an agent that thinks, calls tools and searches (without a key, on the embedded server)
	@$(BIN)/python examples/demo.py

.PHONY: rag
$(VENV)/.rag: $(VENV)/.venv pyproject.toml
	@echo "Installing langchain_glm, LangChain and Qdrant's client into $(VENV), once; this takes up to a minute …"
	@$(call install,$(VENV)) --editable '.[testing]' --group rag
	@touch $@

rag: $(VENV)/.rag  ## run the RAG example: answers from PDFs and web pages, with their sources (without a key, as the demo)
	@$(BIN)/python examples/rag/answer.py

test: $(VENV)/.dev  ## run the tests, offline; those of programs and of the documents are apart (test-cli, docs)
	$(BIN)/python $(PYTEST) $(addprefix --ignore ,tests/docs $(PROGRAMS))

test-cli: $(VENV)/.dev  ## run the tests of the program glm and of the examples, in pipes and in terminals
	$(BIN)/python $(PYTEST) $(PROGRAMS)

lint: $(VENV)/.dev  ## check the code with ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

probe: $(VENV)/.dev  ## check the catalogue's rules on the embedded server, or on a host (PROBE='--host zai')
	$(BIN)/glm probe $(or $(PROBE),--embedded)

replay: $(VENV)/.dev  ## read a folder of recorded replies (CAPTURES=…)
	$(BIN)/python $(CAPTURES)/replay.py langchain_glm:ChatGLM

# uv alone resolves to the lowest versions; a virtual environment of its own brings it where it is missing.
test-lowest:  ## run the same tests with the lowest versions that pyproject.toml allows
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/python -m pip install --quiet --upgrade pip uv
	.venv-lowest/bin/uv pip install --quiet --python .venv-lowest/bin/python --resolution lowest-direct \
	    --editable '.[testing]' --group test
	.venv-lowest/bin/python $(PYTEST) --ignore tests/docs --ignore tests/cli

# Without the override, an index that lacks the certifi of langchain-core 1.8 leads back to an earlier langchain-core.
TESTS ?= tests
test-newest:  ## run the tests with the newest versions of all packages (TESTS=…)
	$(PYTHON) -m venv .venv-newest
	.venv-newest/bin/python -m pip install --quiet --upgrade pip uv
	echo certifi | .venv-newest/bin/uv pip install --quiet --python .venv-newest/bin/python --upgrade --overrides - \
	    --editable '.[testing]' --group dev --group newest
	.venv-newest/bin/python $(PYTEST) $(TESTS)

OTHER = .venv-$(shell $(PYTHON) -c 'import platform; print(platform.python_version())')
test-python:  ## run the tests on another Python, in an environment of its own (PYTHON=python3.14 TESTS=…)
	@$(check_python)
	$(call make_venv,$(OTHER))
	$(call install,$(OTHER)) --editable '.[testing]' --group dev
	$(OTHER)/bin/python $(PYTEST) $(TESTS)

.venv-mcp/.mcp: pyproject.toml
	@$(check_python)
	$(call make_venv,.venv-mcp)
	$(call install,.venv-mcp) --editable '.[testing]' --group mcp-adapters
	@touch $@

.PHONY: test-mcp-adapters
test-mcp-adapters: .venv-mcp/.mcp  ## run the MCP tests with langchain-mcp-adapters, which needs another version of mcp than FastMCP
	.venv-mcp/bin/python -m pytest tests/test_mcp.py tests/agents/test_mcp.py

.venv-browser/.browser: pyproject.toml
	@$(check_python)
	@echo "Installing langchain_glm and playwright into .venv-browser, once; this takes up to a minute …"
	@$(call make_venv,.venv-browser)
	@$(call install,.venv-browser) --editable '.[cli,testing]' --group browser --group screenshots
	@touch $@

.PHONY: test-browser screenshots
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
check_chromium = command -v "$(CHROMIUM)" >/dev/null || { echo "Chromium is needed: install it (Debian: apt-get install chromium), or set CHROMIUM=…"; exit 1; }
test-browser: .venv-browser/.browser  ## test the chat page and the page of requests in Chromium (CHROMIUM=…)
	@$(check_chromium)
	CHROMIUM="$(CHROMIUM)" BROWSER_REQUIRED=1 .venv-browser/bin/python -m pytest tests/browser

screenshots: .venv-browser/.browser  ## take the pictures of the documents: pages in Chromium, the program in a terminal (CHROMIUM=…)
	@$(check_chromium)
	CHROMIUM="$(CHROMIUM)" .venv-browser/bin/python scripts/screenshots.py $(ONLY)

.venv-bench/.bench: pyproject.toml
	@$(check_python)
	$(call make_venv,.venv-bench)
	$(call install,.venv-bench) --editable . --group bench
	@touch $@

.PHONY: bench bench-quick
bench: .venv-bench/.bench  ## measure what ChatGLM costs compared with other models (BENCH='--only ROW --peers NAME')
	.venv-bench/bin/python -m benchmarks $(BENCH)

bench-quick: .venv-bench/.bench  ## measure less, in under a minute
	.venv-bench/bin/python -m benchmarks --quick $(BENCH)

.venv-docs/.docs: pyproject.toml
	@$(check_python)
	@echo "Installing Zensical and what the examples of the pages need into .venv-docs, once; this takes a minute or two …"
	$(call make_venv,.venv-docs)
	$(call install,.venv-docs) --editable '.[testing,cli]' --group docs
	@touch $@

.PHONY: docs
docs: .venv-docs/.docs  ## build the site in both languages into site/, then run every example of every page
	.venv-docs/bin/python scripts/build_site.py
	EVERY_PAGE=1 .venv-docs/bin/python -m pytest tests/docs tests/test_docs.py tests/browser/test_site.py

.PHONY: soak fuzz
SOAK_REQUESTS ?= 50000
soak: $(VENV)/.dev  ## send many requests at once while one in twenty fails: none may be lost or sent twice (SOAK_REQUESTS=…)
	$(BIN)/python -m tests.reliability.soak --requests $(SOAK_REQUESTS)

.venv-fuzz/.fuzz: pyproject.toml
	@$(check_python)
	$(call make_venv,.venv-fuzz)
	$(call install,.venv-fuzz) --editable . --group fuzz
	@touch $@

FUZZ_SECONDS ?= 600
fuzz: .venv-fuzz/.fuzz  ## feed mutated streams to the stream reader (FUZZ_SECONDS=…)
	.venv-fuzz/bin/python -m tests.fuzz.stream_reader --seconds $(FUZZ_SECONDS)

.venv-ray/.ray: pyproject.toml
	@$(check_python)
	$(call make_venv,.venv-ray)
	$(call install,.venv-ray) --editable '.[testing]' --group ray
	@touch $@

.PHONY: scale-out
PROMPTS ?= 10000
TEXTS ?= 20000
scale-out: .venv-ray/.ray  ## run prompts and embeddings through Ray Data in two processes that share a limit (PROMPTS=… TEXTS=…)
	.venv-ray/bin/python examples/ray_data.py --prompts $(PROMPTS)
	PYTHONPATH=examples .venv-ray/bin/python examples/rag/embed_many.py --texts $(TEXTS)

.venv-dcode/.dcode: pyproject.toml
	@$(check_python)
	$(call make_venv,.venv-dcode)
	$(call install,.venv-dcode) --editable '.[testing]' --group dcode
	@touch $@

.PHONY: dcode
dcode: .venv-dcode/.dcode  ## run LangChain's coding agent on the embedded server
	.venv-dcode/bin/python -m pytest tests/agents/test_dcode.py

.venv-release/.release: pyproject.toml
	@$(check_python)
	$(call make_venv,.venv-release)
	$(call install,.venv-release) --group release
	@touch $@

.PHONY: release-check
release-check: .venv-release/.release  ## build the sdist and the wheel, and check both on every installed Python (TAG=v…)
	.venv-release/bin/python -m scripts.release_check $(if $(TAG),--tag $(TAG))

.venv-workflows/.workflows: pyproject.toml
	@$(check_python)
	$(call make_venv,.venv-workflows)
	$(call install,.venv-workflows) --group workflows
	@touch $@

.PHONY: check-workflows
check-workflows: .venv-workflows/.workflows  ## check the files in .github and CITATION.cff
	.venv-workflows/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	.venv-workflows/bin/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	.venv-workflows/bin/check-jsonschema --builtin-schema vendor.citation-file-format CITATION.cff
	.venv-workflows/bin/check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	.venv-workflows/bin/check-jsonschema --builtin-schema vendor.github-issue-forms \
	    $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
	.venv-workflows/bin/zizmor --offline --config .github/zizmor.yml .github

clean:  ## remove everything that the other targets made
	rm -rf .venv .venv-* .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist site
