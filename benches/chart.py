"""One kind of chart, for every script of this folder: lines over two logarithmic axes, as SVG. A straight line of slope one is
linear, whatever the numbers. Standard library only.
"""

import html
import math

COLOURS = ["#1f6feb", "#d1242f", "#1a7f37", "#8250df", "#bf8700", "#57606a", "#cf5ea4", "#0a7ea4", "#953800", "#2da44e"]
DASHES = ["", "6 3", "2 3"]
LEFT, TOP, BOTTOM, PLOT, NAMES = 64, 40, 48, 520, 215


def ticks(low, high):
    """Numbers to label between two: of every decade 1, and 2 and 5 too where there are few."""
    steps = (1, 2, 5) if math.log10(high / low) < 2.5 else (1,)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found = (step * 10.0**decade for decade in decades for step in steps)
    return [tick for tick in found if low * 0.999 <= tick <= high * 1.001]


def bounds(numbers):
    """The smallest and the largest, never the same."""
    low, high = min(numbers), max(numbers)
    return (low, high) if low < high else (low / 2, high * 2)


def apart(places, height, low, high):
    """The same heights, moved as little as one pass can so that no two names overlap and none leaves the picture."""
    order = sorted(range(len(places)), key=places.__getitem__)
    moved, last = list(places), low - height
    for at in order:
        last = moved[at] = max(places[at], last + height)
    last = high + height
    for at in reversed(order):
        last = moved[at] = min(moved[at], last - height)
    return moved


def draw(title, lines, across, up, guides=()):
    """SVG of `lines`, a dictionary of names to points (x, y), all above zero. `guides` are lines like them that stand for no
    measurement."""
    lines = {name: points for name, points in lines.items() if points}
    every = [point for points in [*lines.values(), *dict(guides).values()] for point in points]
    (x_low, x_high), (y_low, y_high) = bounds([x for x, _ in every]), bounds([y for _, y in every])
    tall = max(300, 15 * (len(lines) + len(guides)))
    right, low = LEFT + PLOT, TOP + tall

    def place(point):
        x = math.log(point[0] / x_low) / math.log(x_high / x_low)
        y = math.log(point[1] / y_low) / math.log(y_high / y_low)
        return LEFT + x * PLOT, low - y * tall

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {right + NAMES} {low + BOTTOM}" font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{LEFT}" y="22" font-size="14">{html.escape(title)}</text>',
    ]
    for tick in ticks(y_low, y_high):
        _, y = place((x_low, tick))
        out.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#d8dee4"/>')
        out.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for tick in ticks(x_low, x_high):
        x, _ = place((tick, y_low))
        out.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{low}" stroke="#eaeef2"/>')
        out.append(f'<text x="{x:.1f}" y="{low + 17}" text-anchor="middle">{tick:,g}</text>')
    out.append(f'<text x="{LEFT + PLOT / 2}" y="{low + 38}" text-anchor="middle">{html.escape(across)}</text>')
    out.append(f'<text x="14" y="{TOP + tall / 2}" text-anchor="middle" transform="rotate(-90 14 {TOP + tall / 2})">{html.escape(up)}</text>')

    drawn = [(name, points, "#8c959f", "4 4") for name, points in guides]
    drawn += [
        (name, points, COLOURS[number % len(COLOURS)], DASHES[number // len(COLOURS) % len(DASHES)])
        for number, (name, points) in enumerate(lines.items())
    ]
    names = apart([place(points[-1])[1] for _, points, _, _ in drawn], 15, TOP, low)
    for (name, points, colour, dash), named in zip(drawn, names):
        places = [place(point) for point in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"{dashes}/>')
        if name not in dict(guides):
            out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in places]
        out.append(f'<line x1="{right + 12}" y1="{named:.1f}" x2="{right + 36}" y2="{named:.1f}" stroke="{colour}" stroke-width="1.6"{dashes}/>')
        out.append(f'<text x="{right + 42}" y="{named + 4:.1f}" fill="{colour}">{html.escape(name)}</text>')
    return "\n".join([*out, "</svg>", ""])
