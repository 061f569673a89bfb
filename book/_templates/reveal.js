// A link to something folded away opens it: as soon as it is there, so that nothing moves when the page is seen.
    {
      const reveal = () => {
        const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
        for (let fold = target?.closest?.("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
        return target;
      };
      const comes = new MutationObserver(() => reveal() && comes.disconnect());
      if (location.hash) comes.observe(document, { childList: true, subtree: true });
      addEventListener("DOMContentLoaded", () => comes.disconnect());
      addEventListener("hashchange", reveal);
    }
