"""The error codes and HTTP statuses of endpoints: the exception for each, and what users can do about it.

To add a code, add one entry to `CODES`. The code selects the exception, because messages come in several languages. The
HTTP status selects it only if the code is unknown, and a pattern of `MESSAGES` only if the code is too general.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from langchain_glm.catalog.hosts import HOSTS
from langchain_glm.errors import (
    GLMAuthenticationError,
    GLMBalanceError,
    GLMContentFilterError,
    GLMContextOverflowError,
    GLMError,
    GLMInvalidRequestError,
    GLMNotFoundError,
    GLMOverloadedError,
    GLMPermissionError,
    GLMQuotaError,
    GLMRateLimitError,
    GLMServerError,
    GLMTimeoutError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langchain_glm.catalog.hosts import Host

__all__ = ["CODES", "MESSAGES", "STATUSES", "ErrorCode", "hint_for"]


class ErrorCode(NamedTuple):
    """The meaning of an error code.

    Args:
        error: the exception to raise.
        hint: what users can do about it, with `{host}` and `{key_variable}` as placeholders. Default: the hint of the
            exception's class.
        other_plan: whether the key may belong to the account's other billing plan; the hint then names its host.
        wrong_url: whether the URL may be wrong; the hint then names the documented one, if another was used.
    """

    error: type[GLMError]
    hint: str | None = None
    other_plan: bool = False
    wrong_url: bool = False


# Since 2026-10-16: docs.z.ai/devpack/notice/api-key-management and docs.bigmodel.cn, same title. Read 2026-11.
_OTHER_PLAN: Final = (
    " Keys made since 2026-10-16 have a type (Standard, Coding Plan or Team) that decides what is billed: make a key "
    "of the type you need. With an older key, the endpoint decides: for the other plan, use host={name!r} ({base_url})."
)
_DOCUMENTED_URL: Final = " The base URL of host {name!r} is {base_url}; you used {used_url}."

_KEY: Final = ErrorCode(
    GLMAuthenticationError,
    "Check the key for host {host!r}: it comes from api_key=… or from {key_variable}, and a key of one host is not "
    "valid on another.",
)
_LOCKED: Final = ErrorCode(GLMPermissionError, "Ask the endpoint's support to unlock the account: it is locked.")
_SPEND_LIMIT: Final = ErrorCode(
    GLMQuotaError, "Raise the monthly spend limit in the endpoint's console, or wait until the quota is reset."
)

# Sources: the error list of docs.bigmodel.cn, 2026-10 (to 1313); third-party reports of 2026-09 that agree on 1316 to
# 1321; replies of 2026-10 for 1005 and 1233; recorded bodies of 2025-09 to 2026-10. What 1314 and 1315 mean is assumed.
CODES: Final[Mapping[str, ErrorCode]] = {
    "500": ErrorCode(GLMServerError),
    "1000": _KEY,
    "1001": _KEY,
    "1002": _KEY,
    "1003": ErrorCode(
        GLMAuthenticationError, "The token has expired: make a new one, or give the API key itself as api_key=…."
    ),
    "1004": _KEY,
    "1005": _KEY,
    "1100": ErrorCode(GLMPermissionError, "Ask the endpoint's support: the account's data cannot be read."),
    "1110": ErrorCode(GLMPermissionError, "Activate the account in the endpoint's console."),
    "1111": ErrorCode(GLMPermissionError, "Check where the key is from: its account does not exist on host {host!r}."),
    "1112": _LOCKED,
    "1113": ErrorCode(
        GLMBalanceError, "Recharge the account or buy a package: it has no balance for this endpoint.", other_plan=True
    ),
    "1120": ErrorCode(GLMServerError, "Try again in a few minutes: the account service is not available now."),
    "1121": _LOCKED,
    "1200": ErrorCode(GLMServerError),
    "1210": ErrorCode(
        GLMInvalidRequestError,
        "Correct or leave out the parameter that the message names; models accept different parameters and values.",
    ),
    "1211": ErrorCode(GLMNotFoundError),
    "1212": ErrorCode(GLMInvalidRequestError, "Use another model: this one does not support this kind of call."),
    "1213": ErrorCode(GLMInvalidRequestError, "Add the parameter that the message names."),
    "1214": ErrorCode(GLMInvalidRequestError, "Correct the parameter or message that the endpoint names."),
    "1215": ErrorCode(GLMInvalidRequestError, "Leave out one of the parameters that the message names."),
    "1220": ErrorCode(GLMPermissionError, "Ask the endpoint's support for access to this API."),
    "1221": ErrorCode(GLMPermissionError, "Use another API or model: this one is no longer served."),
    "1222": ErrorCode(GLMPermissionError, "Check base_url=…: host {host!r} does not serve this API."),
    "1230": ErrorCode(GLMServerError),
    "1231": ErrorCode(
        GLMInvalidRequestError,
        "Give each request its own request_id, or none: a request with this id is still in progress.",
    ),
    "1233": ErrorCode(GLMNotFoundError, "Check the id of the task, and that this account and host started it."),
    "1234": ErrorCode(GLMServerError),
    "1261": ErrorCode(GLMContextOverflowError),
    "1300": ErrorCode(GLMContentFilterError),
    "1301": ErrorCode(GLMContentFilterError),
    "1302": ErrorCode(GLMRateLimitError),
    "1303": ErrorCode(
        GLMRateLimitError, "Send requests less often, for example with rate_limiter=InMemoryRateLimiter(…)."
    ),
    "1304": ErrorCode(GLMQuotaError, "Wait until tomorrow, or ask the endpoint for a higher daily quota."),
    "1305": ErrorCode(GLMOverloadedError),
    "1308": ErrorCode(GLMQuotaError),
    "1309": ErrorCode(GLMBalanceError, "Renew the coding plan: it has expired.", other_plan=True),
    "1310": ErrorCode(GLMQuotaError),
    "1311": ErrorCode(GLMPermissionError, "Use another model: the plan does not include this one.", other_plan=True),
    "1312": ErrorCode(GLMOverloadedError, "Use another model for now, or try again in a few minutes."),
    "1313": ErrorCode(
        GLMPermissionError,
        "Use the coding plan more slowly, and only with the tools that it officially supports "
        "(https://docs.z.ai/devpack/overview): its fair-use policy refused this request.",
        other_plan=True,
    ),
    "1314": ErrorCode(GLMPermissionError),
    "1315": ErrorCode(GLMPermissionError),
    "1316": ErrorCode(GLMQuotaError),
    "1317": ErrorCode(GLMQuotaError),
    "1318": _SPEND_LIMIT,
    "1319": _SPEND_LIMIT,
    "1320": _SPEND_LIMIT,
    "1321": _SPEND_LIMIT,
    # The `code` or `type` of errors from Kimi (platform.moonshot.ai, 2026-04) and from gateways: documents of the
    # new-api family, 2026, and OpenAI's words, which others are assumed to use in the same meaning.
    "insufficient_user_quota": ErrorCode(GLMBalanceError),
    "insufficient_quota": ErrorCode(GLMBalanceError),
    "exceeded_current_quota_error": ErrorCode(GLMBalanceError),
    "invalid_api_key": _KEY,
    "invalid_authentication_error": _KEY,
    "permission_denied_error": ErrorCode(GLMPermissionError),
    "model_not_found": ErrorCode(GLMNotFoundError),
    "resource_not_found_error": ErrorCode(GLMNotFoundError),
    "context_length_exceeded": ErrorCode(GLMContextOverflowError),
    "sensitive_words_detected": ErrorCode(GLMContentFilterError),
    "content_filter": ErrorCode(GLMContentFilterError),
    "rate_limit_reached_error": ErrorCode(GLMRateLimitError),
    "engine_overloaded_error": ErrorCode(GLMOverloadedError),
    "channel:no_available_key": ErrorCode(
        GLMOverloadedError, "Try again later: the gateway has no key available for the model."
    ),
    "server_error": ErrorCode(GLMServerError),
}
"""By the `code` or `type` of the error."""

_REDIRECT: Final = ErrorCode(
    GLMInvalidRequestError,
    "Give the redirect's target as base_url=…: redirects are not followed, because the key would be sent too.",
    wrong_url=True,
)

STATUSES: Final[Mapping[int, ErrorCode]] = {
    **dict.fromkeys((301, 302, 303, 307, 308), _REDIRECT),
    401: _KEY,
    402: ErrorCode(GLMBalanceError),
    403: ErrorCode(GLMPermissionError),
    404: ErrorCode(
        GLMNotFoundError, "Check model=… and base_url=…: the host does not serve one of them.", wrong_url=True
    ),
    408: ErrorCode(GLMTimeoutError, "Send a smaller request: the endpoint did not receive all of it in time."),
    413: ErrorCode(GLMInvalidRequestError, "Send less at once, for example fewer or smaller images."),
    429: ErrorCode(GLMRateLimitError),
    434: ErrorCode(GLMPermissionError, "Ask the endpoint's support for access to this API."),
    435: ErrorCode(GLMInvalidRequestError, "Send a smaller file: GLM accepts up to 100 MB."),
    529: ErrorCode(GLMOverloadedError),
}
"""By HTTP status, for errors without a known code.

Sources: the error lists of docs.bigmodel.cn and docs.z.ai, 2026-10, for 401, 404, 429, 434 and 435. Those of the others
are assumed: HTTP's own meaning (RFC 9110), and 529 as services send it that speak Anthropic's protocol.
"""

MESSAGES: Final = (
    # An unknown model has code 1214 on BigModel (measured 2026-08), which is the code for every invalid parameter.
    (re.compile(r"modelCode\W{0,3}不存在"), ErrorCode(GLMNotFoundError)),
    # vLLM and SGLang have no special code for a prompt that is too long (their sources, 2026).
    (re.compile(r"maximum context length|model's context length"), ErrorCode(GLMContextOverflowError)),
)
"""By the message, if the code or status only says that the request is invalid."""


def hint_for(entry: ErrorCode, host: Host) -> str | None:
    """Return what users can do about an error.

    Args:
        entry: the entry for the error's code, status or message.
        host: the endpoint that answered, with the base URL that was used.

    Returns:
        The hint, or `None` if the hint of the exception's class applies.
    """
    if entry.hint is None:
        return None
    hint = entry.hint.format(host=host.name, key_variable=host.key_variable)
    other, documented = HOSTS.get(host.other_plan or ""), HOSTS.get(host.name)
    if entry.other_plan and other:
        hint += _OTHER_PLAN.format(name=other.name, base_url=other.base_url)
    if entry.wrong_url and documented and documented.base_url != host.base_url:
        hint += _DOCUMENTED_URL.format(name=host.name, base_url=documented.base_url, used_url=host.base_url)
    return hint
