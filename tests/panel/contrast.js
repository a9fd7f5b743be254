// Returns what on the page has too little contrast (WCAG 2.2 AA), as it is painted: text and
// placeholders 4.5:1 (1.4.3), large text, edges of controls and focus rings 3:1 (1.4.11).
() => {
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const remembered = (compute) => {
    const results = new Map();
    return (key) => {
      if (!results.has(key)) results.set(key, compute(key));
      return results.get(key);
    };
  };
  const rgba = remembered((color) => {  // whatever notation it has
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  });
  const blend = ([r, g, b, a], below) =>
    [r, g, b].map((part, at) => part * a + below[at] * (1 - a)).concat(1);
  const styleOf = (element) => getComputedStyle(element);
  const backgroundOf = remembered((element) => element
    ? blend(rgba(styleOf(element).backgroundColor), backgroundOf(element.parentElement))
    : [255, 255, 255, 1]);
  const opacityOf = remembered((element) =>
    element ? opacityOf(element.parentElement) * styleOf(element).opacity : 1);
  const luminance = (color) => {
    const [r, g, b] = color.slice(0, 3).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };

  const isShown = (element) => {
    const { width, height } = element.getBoundingClientRect();
    return width > 1 && height > 1 &&
      element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  };
  const isDisabled = (element) => element.closest(":disabled, [aria-disabled=true], .cm-gutters") ||
    element.closest("label")?.querySelector("input:disabled");
  const name = (element) => element.tagName.toLowerCase() + (element.id && `#${element.id}`) +
    [...element.classList].filter((each) => !each.startsWith("svelte")).map((each) => `.${each}`).join("");
  const describe = (element, parents = 2) => parents && element.parentElement
    ? `${describe(element.parentElement, parents - 1)} ${name(element)}` : name(element);
  const found = [];
  const check = (element, what, foreground, background, least) => {
    const [r, g, b, a] = rgba(foreground);
    const painted = blend([r, g, b, a * opacityOf(element)], background);
    const measured = ratio(painted, background);
    if (measured < least - 0.005)
      found.push(`${what} ${measured.toFixed(2)}:1 of ${least}: ${describe(element)}`);
  };

  const checkText = (element) => {
    const style = styleOf(element), size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const text = element.textContent.trim().slice(0, 20);
    check(element, `text “${text}”`, style.color, backgroundOf(element), isLarge ? 3 : 4.5);
  };
  // The box that a reader takes for the control: Gradio gives some fields their edge on a parent.
  const hasEdge = (element) => {
    const { borderTopWidth, borderTopColor, borderTopStyle } = styleOf(element);
    return parseFloat(borderTopWidth) && borderTopStyle !== "none" && rgba(borderTopColor)[3];
  };
  const checkEdge = (control) => {
    let box = control;
    while (!hasEdge(box) && !box.matches(".block, button, body")) box = box.parentElement;
    const outside = backgroundOf(box.parentElement);
    if (ratio(backgroundOf(control), outside) >= 3) return;  // it is seen without one
    check(control, "edge", styleOf(box).borderTopColor, outside, 3);
  };
  const checkRing = (element) => {
    element.focus({ preventScroll: true });
    const style = styleOf(element);
    const label = element.closest("label, .token, .wrap");
    const ring = style.outlineStyle !== "none" ? element : label;
    if (!element.matches(":focus-visible") || !ring) return;
    const { outlineColor, outlineStyle, boxShadow } = styleOf(ring);
    if (outlineStyle === "none" && boxShadow === "none")
      found.push(`no focus ring: ${describe(element)}`);
    if (outlineStyle !== "none")
      check(ring, "focus ring", outlineColor, backgroundOf(ring.parentElement), 3);
  };

  // A transition would be measured at its beginning.
  const still = document.createElement("style");
  still.textContent = "* { transition: none !important; animation: none !important; }";
  document.head.append(still);
  const everything = [...document.body.querySelectorAll("*")].filter(
    (element) => isShown(element) && !isDisabled(element) && !element.closest("svg, caption"));
  for (const element of everything) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (hasText) checkText(element);
    if (element.matches("input, textarea, button:not([role=tab], .label-wrap, .copy_code_button)"))
      if (element.matches("input, textarea") || hasText) checkEdge(element);
    if (element.matches("input, textarea") && element.placeholder && !element.value)
      check(element, "placeholder", getComputedStyle(element, "::placeholder").color,
        backgroundOf(element), 4.5);
  }
  const focused = document.activeElement;
  everything.filter((element) => element.matches("a[href], button, input, textarea, summary"))
    .forEach(checkRing);
  focused?.focus?.({ preventScroll: true });
  still.remove();
  return [...new Set(found)];
}
