// A link to something folded away opens it: as soon as it is there, so that nothing moves when the page is seen.
    {
      const reveal = () => {
        let name = location.hash.slice(1);
        try { name = decodeURIComponent(name); } catch {} // a lone per cent sign
        const target = name && document.getElementById(name);
        for (let fold = target?.closest?.("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
        return target;
      };
      const comes = new MutationObserver(() => reveal() && comes.disconnect());
      if (location.hash) comes.observe(document, { childList: true, subtree: true });
      addEventListener("DOMContentLoaded", () => comes.disconnect());
      addEventListener("hashchange", reveal);
    }
