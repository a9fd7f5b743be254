"""Seconds that run down while nobody asks the server: a picture that moves by itself."""

import base64

from panel.markup import Html

_LONGEST = 120  # seconds; a longer wait is told by its end


def countdown(seconds: int) -> Html:
    """Return a picture of the seconds left and a bar that shrinks with them."""
    if not 0 < seconds <= _LONGEST:
        return ""
    digits = "".join(
        f"<text x='40' y='17' text-anchor='end' opacity='0'>{seconds - second}"
        f"<set attributeName='opacity' to='1' begin='{second}s' dur='1s'/></text>"
        for second in range(seconds)
    )
    bar = (
        "<rect x='50' y='8' width='100' height='6' rx='3' opacity='.25'/>"
        "<rect x='50' y='8' width='100' height='6' rx='3'>"
        f"<animate attributeName='width' from='100' to='0' dur='{seconds}s' fill='freeze'/></rect>"
    )
    picture = (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 150 22' width='150' height='22' "
        "fill='#d92d20' font-family='system-ui, sans-serif' font-size='15' font-weight='700'>"
        f"{digits}{bar}</svg>"
    )
    encoded = base64.b64encode(picture.encode()).decode()
    return f"<img class='countdown' alt='' src='data:image/svg+xml;base64,{encoded}'>"
