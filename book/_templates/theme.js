// Where a reader has switched storage off, asking for it raises an error, and the theme asks. Nothing is kept then.
    try { localStorage; } catch {
      const kept = new Map();
      const value = { getItem: (key) => kept.get(key) ?? null, setItem: (key, text) => kept.set(key, String(text)),
        removeItem: (key) => kept.delete(key), clear: () => kept.clear(), key: (n) => [...kept.keys()][n] ?? null,
        get length() { return kept.size; } };
      for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(window, name, { value });
    }
    // The reader's colours, before anything is painted.
    {
      const page = document.documentElement.dataset;
      page.mode = localStorage.getItem("mode") || "auto";
      page.theme = page.mode !== "auto" ? page.mode : matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    }
