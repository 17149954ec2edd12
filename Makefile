# `make run` starts everything, `make test` checks everything. PORT and DATA_DIR let two checkouts run side by side.

PORT ?= 8000
DATA_DIR ?= var
PYTHON ?= python3
BIN := .venv/bin
export PORT DATA_DIR
# Many processes start from here; without bytecode each would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run start stop setup test check databases java fuzz fix lock shots messages bench-rest bench-logs bench-streams bench-audit bench-backup bench-plugins bench-tasks bench-gateway bench-engines bench-guard

run: setup            ## everything in the foreground, with demo data; Ctrl-C ends it
	@$(BIN)/python -m config.supervisor run

start: setup          ## the same in the background; returns when it answers
	@$(BIN)/python -m config.supervisor start

stop:                 ## end what `make run`, `make start` or a command started
	@$(BIN)/python -m config.supervisor stop

setup: .venv/installed .venv/messages

.venv/installed: requirements.txt requirements-vectors.txt requirements-local.txt requirements-uploads.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed as $(PYTHON): install it, or say PYTHON=python3.12 make run"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "python3-venv is missing: apt-get install python3-venv"; exit 1; }
	@echo "Installing dependencies (once) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes $(addprefix -r ,$^)
	@touch $@

.venv/messages: .venv/installed $(wildcard locale/*/LC_MESSAGES/*.po locale/console/*/LC_MESSAGES/*.po)
	@$(BIN)/python -m config.messages
	@touch $@

check: setup          ## format, lint, types, contracts, migrations, deploy check, drift
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/djade --check --target-version 5.2 $$(git ls-files 'templates/*.html')
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/lint-imports
	$(BIN)/mypy .
	$(BIN)/deptry .
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --file $(DATA_DIR)/openapi.yaml
	diff -u docs/openapi.yaml $(DATA_DIR)/openapi.yaml
	env -u DEBUG PUBLIC_URL=https://platform.example.com $(BIN)/python manage.py check --deploy --fail-level WARNING

test: check browser databases java ## `make check`, then every test, browser journeys included
	$(BIN)/coverage erase
	$(BIN)/python -m pytest -n 2 --dist loadfile -rfER --reruns 1 -m "not browser and not chaos and not fuzz"
	$(BIN)/python -m pytest -rfER --reruns 2 -m chaos
	$(BIN)/python -m pytest -rfER --reruns 2 -m browser
	$(BIN)/python -m pytest -m fuzz tests/fuzz

browser:
	@sh deploy/install-browser.sh

databases:
	@sh deploy/install-databases.sh

java:
	@sh deploy/install-java.sh

fuzz: setup           ## send much more of anything to every operation; FUZZ_EXAMPLES=200 is an hour
	FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-50} $(BIN)/python -m pytest -m fuzz tests/fuzz

fix: setup            ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	-$(BIN)/djade --target-version 5.2 $$(git ls-files 'templates/*.html')

lock:                 ## recompile the pinned requirements
	for name in requirements requirements-vectors requirements-local requirements-uploads requirements-dev requirements-s3; do \
		$(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --strip-extras --allow-unsafe --output-file $$name.txt $$name.in || exit 1; \
	done

shots: setup browser  ## photograph every page in both themes and languages into $(DATA_DIR)/shots
	$(BIN)/python -m tests.e2e.shots

bench-rest: setup     ## what a request costs, as ratios against bare SQL, REST framework and django-ninja
	DJANGO_SETTINGS_MODULE=config.settings DATABASE_NAME=taishang_bench DATABASE_POOL=4 LOG_LEVEL=ERROR $(BIN)/python -m benchmarks.rest

bench-logs: setup     ## what keeping log lines costs a request, also while the database stands still
	DJANGO_SETTINGS_MODULE=config.settings DATABASE_NAME=taishang_bench DATABASE_POOL=4 LOG_LEVEL=ERROR LOG_TO_DATABASE=false $(BIN)/python -m benchmarks.logs

bench-streams: setup  ## what 500 people who only wait cost one web process
	DJANGO_SETTINGS_MODULE=tests.rig.settings $(BIN)/python -m benchmarks.idle_streams

bench-backup: setup   ## what a backup and a restore cost beside bare programs
	DJANGO_SETTINGS_MODULE=config.settings DATABASE_NAME=taishang_bench DATABASE_POOL=4 LOG_LEVEL=ERROR $(BIN)/python -m benchmarks.backup

bench-audit: setup    ## what the audit log and its chain cost, as ratios against a plain table and a bare loop
	DJANGO_SETTINGS_MODULE=config.settings DATABASE_NAME=taishang_bench LOG_LEVEL=ERROR $(BIN)/python -m benchmarks.audit

bench-plugins: setup  ## what a call of a plugin adds to a bare pooled client, and what a warm WebAssembly call takes
	DJANGO_SETTINGS_MODULE=config.settings DATABASE_NAME=taishang_bench LOG_LEVEL=ERROR $(BIN)/python -m benchmarks.plugins

bench-tasks: setup       ## what a durable task costs beside procrastinate and Celery alone
	DJANGO_SETTINGS_MODULE=tests.rig.settings LOG_LEVEL=ERROR $(BIN)/python -m benchmarks.tasks

bench-gateway: setup   ## what the gateway adds to a model's first word, and what 500 idle streams take
	DJANGO_SETTINGS_MODULE=tests.rig.settings LOG_LEVEL=ERROR $(BIN)/python -m benchmarks.gateway

bench-engines: setup     ## what the FAISS backend adds to bare FAISS
	DJANGO_SETTINGS_MODULE=tests.rig.settings LOG_LEVEL=ERROR $(BIN)/python -m benchmarks.vectors_engines

bench-guard: setup      ## what a verdict on SQL costs beside a bare parse, and the longest texts
	$(BIN)/python -m benchmarks.guard
