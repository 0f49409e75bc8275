"""What the embedded server answers in the demo, at the pace of a real endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_glm.testing import Reply, ToolCall

if TYPE_CHECKING:
    from langchain_glm import Host

QUESTION = (
    "I fly to Beijing tomorrow with 250 EUR to spend, and I want to see the Palace Museum on my first day. "
    "What should I pack, and how do I plan the day?"
)
QUERY = "Palace Museum Beijing opening hours tickets winter"

_FIRST_THOUGHT = (
    "They leave tomorrow, so the weather decides what to pack, and the budget only means something in yuan. The two "
    "do not depend on each other, so I can ask for both at once."
)
_SECOND_THOUGHT = (
    "Four degrees and a strong north wind: cold for a day outdoors. 2,077.50 CNY is comfortable. What I cannot know "
    "is whether the museum is open and how its tickets work, so I should look that up."
)
_FOUND = (
    "From November to March the Palace Museum is open from 8:30 to 16:30, with the last entry at 15:40, and it is "
    "closed on Mondays [ref_1]. Tickets cost 40 CNY in winter and must be booked online, up to seven days ahead, with "
    "the passport that you show at the gate [ref_2]."
)
_SOURCES = (
    {
        "title": "Visit - The Palace Museum",
        "link": "https://en.dpm.org.cn/visit/",
        "content": "Winter season: 8:30 to 16:30, last entry 15:40. Closed on Mondays except public holidays.",
        "media": "dpm.org.cn",
        "icon": "",
        "publish_date": "2026-11-01",
        "refer": "ref_1",
    },
    {
        "title": "Palace Museum: how to book",
        "link": "https://bookingticket.dpm.org.cn/",
        "content": "Reserve up to seven days in advance with your passport number. 40 CNY from November to March.",
        "media": "dpm.org.cn",
        "icon": "",
        "publish_date": "2026-11-01",
        "refer": "ref_2",
    },
)
_LAST_THOUGHT = (
    "I have the weather, the money and the opening hours. The wind comes from the north and the museum's courtyards "
    "are open to it, so warm layers come first. I should put the booking before everything else, because without it "
    "the rest of the plan fails."
)
_ANSWER = """\
**Book first.** The Palace Museum sells its tickets only online, with your passport number, and popular days sell out. \
It is closed on Mondays, opens at 8:30 and lets nobody in after 15:40.

**Pack for 4 °C and wind:** a windproof coat, a warm layer under it, gloves and a hat. The courtyards are wide open, \
and you will be outdoors for three to four hours. Take your passport: it is your ticket.

**Your first day**
1. 8:30: enter by the Meridian Gate in the south, while it is quiet.
2. 12:30: leave in the north and walk up Jingshan Hill for the view over the roofs.
3. 14:00: lunch in the lanes around Houhai, about 80 CNY.

Your 250 EUR are 2,077.50 CNY. With 40 CNY for the ticket and 80 for lunch, most of it is still in your pocket in the \
evening."""
_AS_DATA = {
    "city": "Beijing",
    "pack": ["windproof coat", "warm layer", "gloves", "hat", "passport"],
    "plan": ["book the Palace Museum online", "enter at 8:30", "Jingshan Hill", "lunch near Houhai"],
    "budget_cny": 2077.5,
}


def replies(host: Host, pace: float) -> list[Reply]:
    """Return the replies of the demo in the order in which its agent asks for them.

    Args:
        host: the host that the server imitates; without GLM's own search, the agent uses Kimi's.
        pace: 1 is the pace of a real endpoint; 0 is at once.
    """

    def reply(text: str = "", *, wait: float = 0.6, **fields: Any) -> Reply:
        return Reply(text, chunk_size=6, delay=wait * pace, gap=0.015 * pace, **fields)

    if host.glm_tools:
        search = [reply(_FOUND, web_search=_SOURCES, wait=1.2)]
    else:
        search = [
            reply(tool_calls=[ToolCall("$web_search", {"query": QUERY}, type="builtin_function")]),
            reply(_FOUND.replace(" [ref_1]", "").replace(" [ref_2]", ""), wait=1.2),
        ]
    return [
        reply(
            reasoning=_FIRST_THOUGHT,
            tool_calls=[
                ToolCall("get_weather", {"city": "Beijing"}),
                ToolCall("convert_currency", {"amount": 250, "source": "EUR", "target": "CNY"}),
            ],
        ),
        reply(reasoning=_SECOND_THOUGHT, tool_calls=[ToolCall("search_web", {"query": QUERY})]),
        *search,
        reply(_ANSWER, reasoning=_LAST_THOUGHT),
        reply(tool_calls=[ToolCall("Trip", _AS_DATA)]),
    ]
