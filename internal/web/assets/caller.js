// An operation that was found becomes a line of the rules.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-rule]");
  if (!button) return;
  const rules = document.getElementById("field-rules");
  const lines = rules.value.split("\n").map((line) => line.trim()).filter(Boolean);
  if (!lines.includes(button.dataset.rule)) lines.push(button.dataset.rule);
  rules.value = lines.join("\n");
  rules.dispatchEvent(new Event("change", { bubbles: true }));
  button.textContent = button.dataset.added;
  button.disabled = true;
});
