// A curl command that was pasted into a field of the form is taken apart here, in the
// browser: it holds the secret, which no answer repeats.
(() => {
  const form = document.getElementById("credential-form");
  if (!form) return;

  const decoded = (text) => {
    try {
      return atob(text);
    } catch {
      return "";
    }
  };

  function apart(text) {
    const found = {};
    const account = /account_id=([A-Za-z0-9_-]+)/.exec(text);
    if (account) found.account_id = account[1];
    const basic = /\bBasic\s+([A-Za-z0-9+/=]+)/i.exec(text);
    const user = /(?:^|\s)(?:-u|--user)[\s=]*["']?([^\s"':]+):([^\s"']+)["']?/.exec(text);
    const pair = basic ? /^([^:]+):(.+)$/.exec(decoded(basic[1])) : user;
    if (pair) [, found.client_id, found.client_secret] = pair;
    const id = /client_id=([A-Za-z0-9_-]+)/.exec(text);
    const secret = /client_secret=([A-Za-z0-9_-]+)/.exec(text);
    if (id && !pair) found.client_id = id[1];
    if (secret && !pair) found.client_secret = secret[1];
    return found;
  }

  form.addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text");
    if (!/^\s*curl\s|account_id=|\bBasic\s/i.test(text)) return;
    const found = apart(text);
    if (Object.keys(found).length === 0) return;
    event.preventDefault();
    for (const [name, value] of Object.entries(found)) {
      const field = form.elements[name];
      if (!field) continue; // the provider's credentials have none
      field.value = value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    const said = document.getElementById("said");
    said.textContent = form.dataset.takenApart;
    const notice = document.createElement("div");
    notice.className = "notice ok";
    notice.textContent = form.dataset.takenApart;
    document.getElementById("check-box").replaceChildren(notice);
  });
})();
