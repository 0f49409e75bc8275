"""Prices and costs: amounts of money that know their currency."""

from __future__ import annotations

from typing import NamedTuple, Self

__all__ = ["Cost", "Price"]


class Price(NamedTuple):
    """The prices of a million tokens.

    Args:
        input: for input tokens.
        cached: for input tokens from the endpoint's cache; `None`: the same as `input`.
        output: for output tokens, including thinking.
        date: the date on which the prices were read (`2026-10-06`).
        currency: the currency of all three (`USD`, `CNY`).
        input_below: these prices apply only to requests with fewer input tokens than this. Default: no limit.
        output_below: these prices apply only to replies with fewer output tokens than this. Default: no limit.
        otherwise: the prices that apply where one of these limits is exceeded.

    Example:
        ```python
        Price(6, 1.3, 24, currency="CNY", input_below=32_000, otherwise=Price(8, 2, 28, currency="CNY"))
        ```
    """

    input: float
    cached: float | None
    output: float
    date: str = ""
    currency: str = "USD"
    input_below: int | None = None
    output_below: int | None = None
    otherwise: Price | None = None

    @property
    def cached_input(self) -> float:
        """The price of input tokens from the endpoint's cache; that of other input tokens if no lower one is known."""
        return self.input if self.cached is None else self.cached

    def at(self, input_tokens: int, output_tokens: int) -> Price:
        """Return the prices for a reply of this length; they apply to all of its tokens."""
        is_longer = (self.input_below is not None and input_tokens >= self.input_below) or (
            self.output_below is not None and output_tokens >= self.output_below
        )
        return self.otherwise.at(input_tokens, output_tokens) if is_longer and self.otherwise else self


class Cost(float):
    """An amount of money: a float with a currency. Costs in different currencies cannot be added or compared.

    Args:
        amount: the amount.
        currency: its currency (`USD`, `CNY`).

    Raises:
        ValueError: from `+`, `-`, `<`, `sum`, `max` and the like, if the costs are in different currencies.

    Example:
        ```python
        str(Cost(0.25, "CNY") + Cost(0.5, "CNY"))  # "0.75 CNY"
        ```
    """

    __slots__ = ("currency",)

    currency: str

    def __new__(cls, amount: float, currency: str = "USD") -> Self:
        """Make an amount."""
        cost = super().__new__(cls, amount)
        cost.currency = currency
        return cost

    def __getnewargs__(self) -> tuple[float, str]:  # type: ignore[override]  # a float alone has no currency
        """Return what copies and pickles are made of."""
        return float(self), self.currency

    def _amount_of(self, other: float) -> float:
        """Return the other amount; a plain number is taken to be in this currency."""
        if isinstance(other, Cost) and other.currency != self.currency:
            raise ValueError(f"costs in {self.currency} and in {other.currency} cannot be added or compared.")
        return float(other)

    def __add__(self, other: float) -> Cost:
        """Add a cost in the same currency, or a plain number."""
        return Cost(float(self) + self._amount_of(other), self.currency)

    __radd__ = __add__

    def __sub__(self, other: float) -> Cost:
        """Subtract a cost in the same currency, or a plain number."""
        return Cost(float(self) - self._amount_of(other), self.currency)

    def __lt__(self, other: float) -> bool:
        """Whether this cost is lower; `<=`, `>` and `>=` likewise compare costs in one currency."""
        return float(self) < self._amount_of(other)

    def __le__(self, other: float) -> bool:
        return float(self) <= self._amount_of(other)

    def __gt__(self, other: float) -> bool:
        return float(self) > self._amount_of(other)

    def __ge__(self, other: float) -> bool:
        return float(self) >= self._amount_of(other)

    def __eq__(self, other: object) -> bool:
        """Whether this is the same amount in the same currency, or the same plain number."""
        return not (isinstance(other, Cost) and other.currency != self.currency) and float(self) == other

    def __ne__(self, other: object) -> bool:
        """Compare as `==` does; a float's own comparison would not."""
        return not self == other

    __hash__ = float.__hash__

    def __repr__(self) -> str:
        """Show amount and currency."""
        return f"Cost({float(self)!r}, {self.currency!r})"

    def __str__(self) -> str:
        """Show amount and currency, without the digits that floats add: nine decimals show the price of one token."""
        amount = f"{float(self):.9f}".rstrip("0").rstrip(".")
        return f"{amount} {self.currency}"
