"""Seconds that run down while nobody asks the server: a picture that moves by itself."""

import base64

from panel.ui.markup import Markup, format_rows

_LONGEST = 120  # seconds; a longer wait is told by its end


def countdown(seconds: int) -> Markup:
    """Return a picture of the seconds left and a bar that shrinks with them."""
    if not 0 < seconds <= _LONGEST:
        return Markup()
    digit = Markup(
        "<text x='40' y='17' text-anchor='end' opacity='0'>{}"
        "<set attributeName='opacity' to='1' begin='{}s' dur='1s'/></text>"
    )
    digits = format_rows(digit, ((seconds - second, second) for second in range(seconds)))
    picture = Markup(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 150 22' width='150' height='22' "
        "fill='#d92d20' font-family='system-ui, sans-serif' font-size='15' font-weight='700'>{}"
        "<rect x='50' y='8' width='100' height='6' rx='3' opacity='.25'/>"
        "<rect x='50' y='8' width='100' height='6' rx='3'>"
        "<animate attributeName='width' from='100' to='0' dur='{}s' fill='freeze'/></rect></svg>"
    ).format(digits, seconds)
    encoded = base64.b64encode(picture.encode()).decode()
    image = Markup("<img class='countdown' alt='' src='data:image/svg+xml;base64,{}'>")
    return image.format(encoded)
