"""Entry points that Deep Agents loads: our models' names, and a hint for models that read only text.

Deep Agents calls these functions once for each process, by the entry points in `pyproject.toml`, when it is first asked
for a model or a profile. They need `deepagents` 0.7 or newer, which is installed wherever they are called.
"""

from __future__ import annotations

from typing import Final

from langchain_glm.catalog.hosts import HOSTS, PROVIDERS
from langchain_glm.catalog.models import MODELS, find_model

__all__ = ["TEXT_ONLY", "register_harness_profiles", "register_provider_profiles"]

TEXT_ONLY: Final = (
    "You can read only text. Do not open images, PDFs, audio or video with `read_file`: their contents do not reach "
    "you. If a task needs such a file, get its text with another tool if you have one; otherwise say that you cannot "
    "read it."
)
"""What text-only models are told, because the description of `read_file` says that it shows images."""


def register_provider_profiles() -> None:
    """Let Deep Agents make models by name, as in `create_deep_agent("zai:glm-5.2")`.

    LangChain's table of names is changed only when one of our names is used; see `langchain_glm.register`.
    """
    from deepagents import ProviderProfile, register_provider_profile

    for provider in PROVIDERS:
        register_provider_profile(provider, ProviderProfile(pre_init=_register_names))


def register_harness_profiles() -> None:
    """Tell each model that reads only text not to open other files, under the names of all providers.

    Models that a coding plan replaces by one that reads images are left out.
    """
    from deepagents import HarnessProfile, register_harness_profile

    profile = HarnessProfile(system_prompt_suffix=TEXT_ONLY)
    for model_id in filter(_reads_only_text, MODELS):
        for provider in PROVIDERS:
            register_harness_profile(f"{provider}:{model_id}", profile)


def _register_names(_: str) -> None:
    from langchain_glm.registration import register

    register()


def _reads_only_text(model_id: str) -> bool:
    """Whether the model reads only text on every host."""
    answering = [find_model(model_id, host) for host in HOSTS.values()]
    return all(model is not None and not model.inputs for model in answering)
