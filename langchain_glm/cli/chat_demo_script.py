"""What the embedded server says on the chat page to its prepared questions, in English and in Chinese."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CHINESE", "ENGLISH", "Prepared"]


class Prepared(NamedTuple):
    """A prepared conversation: what the model thinks and answers to its question."""

    question: str
    thoughts: tuple[str, str, str]
    query: str
    sources: tuple[Mapping[str, str], ...]
    answer: str


def _source(title: str, link: str, content: str) -> dict[str, str]:
    site = link.split("/")[2]
    return {"title": title, "link": link, "content": content, "media": site, "publish_date": "2026-11-01", "icon": ""}


ENGLISH: Final = Prepared(
    question="I have one day in Beijing tomorrow and 250 EUR. What should I see, and what should I pack?",
    thoughts=(
        """\
They are there tomorrow, so the weather decides what to pack, and the budget only means something in yuan. The two do \
not depend on each other, so I can ask for both at once.""",
        """\
Four degrees and a strong north wind: cold for a day outdoors. 2,077.50 CNY is comfortable. What I cannot know is \
whether the Palace Museum is open and how its tickets work, so I should look that up.""",
        """\
I have the weather, the money and the opening hours. Without a booked ticket the rest of the plan fails, so that comes \
first. The courtyards are open to the wind: warm layers.""",
    ),
    query="Palace Museum Beijing opening hours tickets winter",
    sources=(
        _source(
            "Visit - The Palace Museum",
            "https://en.dpm.org.cn/visit/",
            "Winter season: 8:30 to 16:30, last entry 15:40. Closed on Mondays except public holidays.",
        ),
        _source(
            "Palace Museum: how to book",
            "https://bookingticket.dpm.org.cn/",
            "Reserve up to seven days in advance with your passport number. 40 CNY from November to March.",
        ),
    ),
    answer="""\
**Book first.** The Palace Museum sells its tickets only online, for 40 CNY in winter, with your passport number \
[ref_2]. It is closed on Mondays, and nobody gets in after 15:40 [ref_1].

| time | what | about |
|---|---|---|
| 8:30 | Palace Museum, from the Meridian Gate in the south | 40 CNY |
| 12:30 | Jingshan Hill, for the view over the roofs | 2 CNY |
| 14:00 | lunch in the lanes around Houhai | 80 CNY |

**Pack for 4 °C and wind:** a windproof coat, a warm layer under it, gloves and a hat. And your passport: it is your \
ticket.

Your 250 EUR are 2,077.50 CNY, so most of it is still in your pocket in the evening.""",
)
CHINESE: Final = Prepared(
    question="我明天在北京玩一天，预算 250 欧元。看什么、带什么？",
    thoughts=(
        "明天就出发，带什么取决于天气；预算要换成人民币才有意义。这两件事互不依赖，可以同时查。",
        "4 度，北风很大，户外待一天会冷。2077.50 元很宽裕。故宫是否开放、怎么买票我不确定，得查一下。",
        "天气、预算、开放时间都有了。没有预约，后面的安排都落空，所以预约放在最前面。宫里的院子挡不住风，要穿暖。",
    ),
    query="故宫 冬季 开放时间 门票 预约",
    sources=(
        _source(
            "参观指南 - 故宫博物院",
            "https://www.dpm.org.cn/Visit.html",
            "淡季 8:30 至 16:30，15:40 停止入场。周一闭馆。",
        ),
        _source(
            "故宫博物院网络预售",
            "https://bookingticket.dpm.org.cn/",
            "凭证件号码提前七天预约，11 月至 3 月门票 40 元。",
        ),
    ),
    answer="""\
**先预约。** 故宫只在网上售票，淡季 40 元，凭证件号码预约 [ref_2]。周一闭馆，15:40 停止入场 [ref_1]。

| 时间 | 安排 | 花费 |
|---|---|---|
| 8:30 | 故宫，从午门进 | 40 元 |
| 12:30 | 景山，俯瞰紫禁城 | 2 元 |
| 14:00 | 后海一带的胡同里吃午饭 | 80 元 |

**按 4 度、大风准备：** 防风外套、保暖内层、手套、帽子。别忘了证件，它就是门票。

250 欧元合 2077.50 元，晚上回来大部分还在口袋里。""",
)
