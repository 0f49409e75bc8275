"""The HTTP status and the text of each business code, in two languages.

Codes and statuses: the error lists of docs.bigmodel.cn and docs.z.ai, and recorded replies. The texts are
our own, because clients must not depend on them.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["beijing_time", "sentence", "status_of"]

_BEIJING: Final = timezone(timedelta(hours=8))
_RESET_AFTER: Final = timedelta(hours=1)

_CODES: Final[Mapping[str, tuple[int, str, str]]] = {
    "400": (400, "A required request parameter is missing or wrong", "缺少必要的请求参数，或参数有误"),
    "500": (500, "The service failed internally", "服务内部出错"),
    "1000": (401, "The API key was not accepted", "密钥未通过验证"),
    "1001": (401, "The request carries no Authorization header", "请求头缺少 Authorization"),
    "1002": (401, "The token is not valid", "令牌无效"),
    "1003": (401, "The token has expired", "令牌已过期"),
    "1004": (401, "The token could not be verified", "令牌验证失败"),
    "1005": (401, "The request could not be authenticated", "身份认证失败"),
    "1100": (429, "The account cannot be read or written", "账户读写异常"),
    "1110": (429, "The account is not active", "账户未激活"),
    "1111": (429, "The account does not exist", "账户不存在"),
    "1112": (429, "The account is locked", "账户被锁定"),
    "1113": (429, "The account has no balance and no package left", "账户欠费，没有可用的资源包"),
    "1120": (500, "The account cannot be reached at the moment", "暂时无法访问账户"),
    "1121": (429, "The account is locked for irregular use", "账户因违规被锁定"),
    "1200": (500, "The call failed", "接口调用失败"),
    "1210": (400, "A parameter of the call is wrong", "调用参数不正确"),
    "1211": (400, "There is no such model", "没有这个模型"),
    "1212": (400, "The model does not support this method", "模型不支持该调用方式"),
    "1213": (400, "A parameter is missing", "缺少参数"),
    "1214": (400, "A parameter is illegal", "参数非法"),
    "1215": (400, "Two parameters exclude each other", "参数互斥"),
    "1220": (434, "No permission for this API", "没有该接口的权限"),
    "1221": (404, "This API is offline", "接口已下线"),
    "1222": (404, "There is no such API", "接口不存在"),
    "1230": (500, "A step of the call failed", "调用流程出错"),
    "1231": (400, "A request with this request_id is already in progress", "相同 request_id 的请求正在处理"),
    "1233": (400, "There is no such asynchronous task", "任务不存在"),
    "1234": (500, "The network failed between the services", "服务之间的网络出错"),
    "1261": (400, "The prompt is longer than the model can read", "提示词超过模型长度上限"),
    "1300": (400, "The call was blocked by policy", "调用被策略拦截"),
    "1301": (400, "The content was found to be unsafe", "内容被判定为不安全"),
    "1302": (429, "Too many requests at the same time", "并发请求过多"),
    "1303": (429, "Requests are too frequent", "请求频率过高"),
    "1304": (429, "The quota of the day is used up", "当日额度已用完"),
    "1305": (429, "The service is overloaded", "服务繁忙"),
    "1308": (429, "The plan's limit for 5 hours is reached, reset at {reset}", "5 小时额度已用完，{reset} 重置"),
    "1309": (429, "The coding plan has expired", "编码套餐已到期"),
    "1310": (429, "The plan's limit for the week is reached, reset at {reset}", "每周额度已用完，{reset} 重置"),
    "1311": (429, "The plan does not include this model", "套餐不含该模型"),
    "1312": (429, "The model is overloaded, another may answer", "该模型繁忙，请换用其他模型"),
    "1313": (429, "Use beyond the fair-use policy is slowed down", "超出公平使用范围，已限速"),
    "1314": (429, "The account may not do this", "账户受限"),
    "1315": (429, "The account may not do this now", "账户暂时受限"),
    "1316": (429, "The 5-hour limit is reached, reset at {reset}", "已达 5 小时上限，{reset} 重置"),
    "1317": (429, "The 7-day limit is reached, reset at {reset}", "已达 7 天上限，{reset} 重置"),
    "1318": (429, "The spend limit holds until {reset}", "已达消费上限，{reset} 重置"),
    "1319": (429, "The spend limit holds until {reset}", "已达消费上限，{reset} 重置"),
    "1320": (429, "The monthly spend limit holds until {reset}", "已达月消费上限，{reset} 重置"),
    "1321": (429, "The monthly spend limit holds until {reset}", "已达月消费上限，{reset} 重置"),
}


def status_of(code: str) -> int:
    """Return the HTTP status of a business code; 400 for an unlisted code."""
    return _CODES.get(code, (400, "", ""))[0]


def beijing_time(created: int) -> datetime:
    """Return a Unix time as the local time that GLM uses in ids and messages."""
    return datetime.fromtimestamp(created, _BEIJING)


def sentence(code: str, *, chinese: bool, detail: str = "", created: int = 0) -> str:
    """Return the text of a code.

    Args:
        code: the business code.
        chinese: whether the text is Chinese, as on BigModel's hosts.
        detail: what exactly is wrong, such as `messages[0].role`.
        created: the Unix time of the request; a reset time is computed from it.
    """
    _, english, zh = _CODES.get(code, (0, f"The call failed with code {code}", f"调用失败，错误码 {code}"))
    reset = (beijing_time(created) + _RESET_AFTER).strftime("%Y-%m-%d %H:%M:%S")
    text = (zh if chinese else english).format(reset=reset)
    if not detail:
        return text
    return f"{text}：{detail}" if chinese else f"{text}: {detail}"
