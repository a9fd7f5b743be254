// Watches how far the page jumps while it loads: the sum of its layout shifts.
window.layoutShift = 0;
new PerformanceObserver((list) => {
  for (const shift of list.getEntries()) if (!shift.hadRecentInput) window.layoutShift += shift.value;
}).observe({ type: "layout-shift", buffered: true });

// Returns which tables are cut off, and which short words are broken.
window.findLayoutFaults = () => {
  const found = [];
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
  return found;
};
