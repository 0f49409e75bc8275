"""Every model's profile, where tools for LangChain's packages look for it.

LangChain's partner packages have a file of this name. Deep Agents Code, for example, reads `_PROFILES` for its list of
models and their effort levels.
"""

from __future__ import annotations

from typing import Any, Final

from langchain_glm.catalog.profiles import MODELS, model_profile

_PROFILES: Final[dict[str, dict[str, Any]]] = {model_id: {**model_profile(model_id)} for model_id in MODELS}
