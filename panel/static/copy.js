// Copies the backup codes. Without scripts, or where the browser forbids it, there is no button.
(() => {
  const button = document.getElementById("copy");
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const codes = [...document.querySelectorAll("#codes code")].map((each) => each.textContent);
    try {
      await navigator.clipboard.writeText(codes.join("\n"));
      button.textContent = button.dataset.done;
    } catch {  // in a frame, for example
      getSelection().selectAllChildren(document.getElementById("codes"));
    }
  });
})();
