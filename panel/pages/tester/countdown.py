"""A countdown that runs without requests to the server: an animated SVG."""

import base64

from panel.ui.markup import Markup, format_rows

_MAX_SECONDS = 120  # longer waits show only their end


def render_countdown(seconds: int) -> Markup:
    """Return the seconds left and a bar that shrinks with them."""
    if not 0 < seconds <= _MAX_SECONDS:
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
