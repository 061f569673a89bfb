# Every target sets itself up in .venv. Needs Python >= 3.11 with its venv module, and make; nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
PORT ?= 8000
# A browser waits now and then; one more process than there are cores uses that time.
WORKERS = $(shell $(BIN)/python -c 'import os; print((os.cpu_count() or 1) + 1)')
# Nothing is compiled at installation, so what is used must be kept: else every kernel and test worker compiles it again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help book pdf test test-slow serve lab bench conventions mutate worksheet pins dist clean distclean
.DEFAULT_GOAL := help

help:  ## this list
	@echo "Lossbook. Two commands are enough: make book, make test."
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-17s %s\n", $$1, $$2}'

book: $(READY)  ## build the site into _build/html (only what changed is run again)
	@$(BIN)/python tools/build.py

test: book  ## what CI runs: build the book, run every test, style and types among them
	@$(BIN)/python tools/find_browser.py
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup -m "not slow"

test-slow: book  ## what make test leaves out: the other seeds of training runs, every notebook by itself
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup -m slow

serve: book  ## build the site and serve it on http://localhost:8000 (PORT=… for another port)
	@echo "http://localhost:$(PORT)/ (stop with Ctrl-C)"
	@$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

pdf: book  ## print the course as one PDF, _build/lossbook.pdf
	@$(BIN)/python tools/find_browser.py
	@$(BIN)/python tools/make_pdf.py

lab: book  ## open the chapters as notebooks in JupyterLab: your own copies, in notebooks/, which nothing overwrites
	@mkdir -p notebooks && cp -n _build/html/_static/notebooks/*.ipynb notebooks/ || true
	@$(BIN)/jupyter lab --ServerApp.root_dir="$(CURDIR)" --LabApp.default_url=/lab/tree/notebooks

bench: book  ## compare pages with a default Jupyter Book and the commit before (BENCH_BEFORE), explorers with others
	@$(BIN)/python benchmarks/pages.py
	@$(BIN)/python benchmarks/explorers.py

conventions:  ## compare what the book writes out of Keras and Optax with the libraries themselves (in .venv-conventions)
	@test -x .venv-conventions/bin/python || $(PYTHON) -m venv .venv-conventions
	@.venv-conventions/bin/python -m pip install -q -r requirements-conventions.txt scipy
	@PYTHONPATH="$(CURDIR)" .venv-conventions/bin/python tools/check_conventions.py

mutate: $(READY)  ## change the package in COUNT places (225), one at a time, and list what no test notices; FILES, SEED
	@nice $(BIN)/python tools/mutate.py $(FILES) --count $(or $(COUNT),225) --seed $(or $(SEED),0)

worksheet: CHAPTER ?= $(error which chapter? For instance: make worksheet CHAPTER=softmax)
worksheet: $(READY)  ## CHAPTER=regression: its questions to hand out, without and with solutions
	@$(BIN)/python -m tools.worksheet $(CHAPTER) -o _build/worksheets/$(CHAPTER).md
	@$(BIN)/python -m tools.worksheet $(CHAPTER) -o _build/worksheets/$(CHAPTER).html
	@$(BIN)/python -m tools.worksheet $(CHAPTER) --solutions -o _build/worksheets/$(CHAPTER)-solutions.md
	@$(BIN)/python -m tools.worksheet $(CHAPTER) --solutions -o _build/worksheets/$(CHAPTER)-solutions.html
	@echo "in _build/worksheets"

pins:  ## write constraints.txt anew: the versions that requirements.txt brings today
	@PYTHON="$(PYTHON)" VENV=_build/pins PINS=direct bash tools/install.sh
	@{ echo "# What requirements.txt and requirements-torch.txt bring. Made by: make pins"; \
	  _build/pins/bin/python -m pip freeze --all --exclude-editable | grep -viE '^(pip|torch|nvidia-.*|triton|lossbook)[= ]'; } > constraints.txt
	@rm -rf _build/pins

dist: $(READY)  ## make the wheel and the source distribution in dist/, and try the wheel in a new environment
	@$(BIN)/python tools/make_dist.py

clean:  ## remove what was built; the environment in .venv stays, and so do your copies in notebooks/
	@rm -rf _build build dist  # build: what pip leaves behind

distclean: clean  ## remove the environment as well
	@rm -rf $(VENV)

# `ready` is the stamp: it is as new as the last installation, and older than requirements that have changed since.
$(READY): requirements.txt requirements-torch.txt constraints.txt pyproject.toml tools/install.sh
	@PYTHON="$(PYTHON)" VENV="$(VENV)" bash tools/install.sh
	@touch $@
