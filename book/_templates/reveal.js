// A link to something folded away opens it, before the browser goes there.
    {
      const reveal = () => {
        const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
        for (let fold = target?.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
      };
      reveal();
      addEventListener("hashchange", reveal);
    }
