// The secret of a one-time link stands behind the # of the address, which browsers
// send to nobody. It goes from there into the form, and out of the address.
(() => {
  const secret = location.hash.slice(1);
  if (!secret) return;
  history.replaceState(null, "", location.pathname);
  document.getElementById("field-link").value = secret;
  document.getElementById("field-link-box").hidden = true;
  document.addEventListener("DOMContentLoaded", () => htmx.trigger("#invited", "link-known")); // after htmx, which waits for the same
})();
