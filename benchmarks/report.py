"""What is printed: a JSON object a line as a figure comes, and all as a table at the end."""

import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field


def say(words: str) -> None:
    """Tell the person at the terminal how far it is."""
    print(words, file=sys.stderr, flush=True)


def median(figures: Sequence[float]) -> float | None:
    """Return the middle of the figures; None when there are none."""
    return statistics.median(figures) if figures else None


def p95(figures: Sequence[float]) -> float | None:
    """Return the figure that 95 of 100 stay below or at; None when there are none."""
    ordered = sorted(figures)
    return ordered[-(-len(ordered) * 95 // 100) - 1] if ordered else None


def scaled(figure: float | None, by: float) -> float | None:
    """Return the figure in another unit."""
    return None if figure is None else figure * by


def _rounded(figure: float | None) -> float | None:
    """Keep four digits: more would be noise."""
    return None if figure is None else float(f"{figure:.4g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One figure.

    reference : the same of something simpler in the same run, where there is such a thing.
    bar       : what `ours` must not exceed, or where `least`, not stay below; None without one.
    ok        : whether the bar is met and what was measured was also right; None if skipped.
    """

    measure: str
    unit: str
    ours: float | None
    reference: float | None
    ratio: float | None
    bar: float | None
    ok: bool | None
    least: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """What a figure must reach: a number, or `times` the reference; at most, or at least."""

    number: float | None = None
    times: float | None = None
    least: bool = False

    def against(self, reference: float | None) -> float | None:
        """Return the number that counts; None where there is nothing to compare with."""
        return self.number if self.times is None else scaled(reference, self.times)


@dataclass(slots=True)
class Report:
    """The figures of one run."""

    lines: list[Line] = field(default_factory=list)

    def add(
        self,
        measure: str,
        unit: str,
        ours: float | None,
        *,
        reference: float | None = None,
        bar: float | Bar | None = None,
        right: bool = True,
    ) -> None:
        """Print a figure at once, and keep it for the table."""
        wanted = bar if isinstance(bar, Bar) else Bar(bar)
        number = wanted.against(reference)
        ok = None
        if ours is not None and not (wanted.times is not None and number is None and right):
            ok = right and (
                number is None or (ours >= number if wanted.least else ours <= number)
            )
        ratio = ours / reference if ours is not None and reference else None
        line = Line(
            measure=measure,
            unit=unit,
            ours=_rounded(ours),
            reference=_rounded(reference),
            ratio=_rounded(ratio),
            bar=_rounded(number),
            ok=ok,
            least=wanted.least,
        )
        self._keep(line)

    def fail(self, measure: str) -> None:
        """Print that there is no figure where there should be one."""
        self._keep(
            Line(
                measure=measure,
                unit="",
                ours=None,
                reference=None,
                ratio=None,
                bar=None,
                ok=False,
            )
        )

    def _keep(self, line: Line) -> None:
        self.lines.append(line)
        print(json.dumps(asdict(line)), flush=True)

    @property
    def is_ok(self) -> bool:
        """False if anything measured was wrong or over its bar."""
        return all(line.ok is not False for line in self.lines)

    def print_table(self) -> None:
        """Print the same for people."""
        rows: list[tuple[str, ...]] = [
            ("measure", "unit", "ours", "reference", "ratio", "bar", "ok")
        ]
        rows += [
            (
                line.measure,
                line.unit,
                *(_said(it) for it in (line.ours, line.reference, line.ratio)),
                ("≥ " if line.least else "≤ ") + _said(line.bar)
                if line.bar is not None
                else "–",
                {True: "yes", False: "NO", None: "skipped"}[line.ok],
            )
            for line in self.lines
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        print()
        for row in rows:
            left = [row[0].ljust(widths[0]), row[1].ljust(widths[1])]
            right = [cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
            print("  ".join(left + right).rstrip())


def _said(figure: float | None) -> str:
    if figure is None:
        return "–"
    return f"{figure:,.0f}" if figure == int(figure) or figure >= 1000 else f"{figure:,.4g}"
