// Watches how far the page jumps while it loads: the sum of its layout shifts.
window.layoutShift = 0;
new PerformanceObserver((list) => {
  for (const shift of list.getEntries()) if (!shift.hadRecentInput) window.layoutShift += shift.value;
}).observe({ type: "layout-shift", buffered: true });

// Returns, for the present width, which tables are cut off, which links of the navigation cannot be
// seen or tapped, and which short words are broken.
window.findLayoutFaults = (smallestTarget) => {
  const found = [];
  if (document.documentElement.scrollWidth > innerWidth) found.push("the page scrolls sideways");
  const links = document.querySelectorAll("#header nav a");
  if (!links.length) found.push("there is no navigation");
  for (const link of links) {
    const { left, right, width, height } = link.getBoundingClientRect();
    const isSeen = link.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    if (!isSeen || Math.min(width, height) < smallestTarget || left < 0 || right > innerWidth)
      found.push(`${link.innerText} in the navigation: ${left} to ${right}, ${width} x ${height}`);
  }
  for (const table of document.querySelectorAll("table.list")) {
    const edge = table.parentElement.getBoundingClientRect().right;
    if (table.scrollWidth > table.clientWidth + 1 || table.getBoundingClientRect().right > edge + 1)
      found.push(`${table.caption.textContent} is cut off`);
  }
  const isBroken = (node, word) => {
    const range = document.createRange();
    range.setStart(node, word.index);
    range.setEnd(node, word.index + word[0].length);
    return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1;
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode, parent = node.parentElement;
    if (!parent.checkVisibility({ visibilityProperty: true })) continue;
    if (parent.closest("caption, code, pre, script, style, .cm-editor")) continue;
    for (const word of node.data.matchAll(/[^\s\-…/]+/g))
      if (word[0].length < 15 && isBroken(node, word)) found.push(`“${word[0]}” is broken`);
  }
  return found.map((fault) => `${fault} at ${innerWidth}`);
};
