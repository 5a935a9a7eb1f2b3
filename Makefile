# CloudStruct: `make` lists what it can do. Each target installs what it needs,
# pinned, into this folder.

ENV ?= production
# Any other spelling would silently mean production.
misspelt := $(strip $(foreach name,env Env environment Environment ENVIRONMENT,$(if $(filter command,$(firstword $(origin $(name)))),$(name))))
ifneq ($(misspelt),)
$(error $(misspelt) is not read, did you mean ENV=$($(firstword $(misspelt)))?)
endif
# What make upgrade brings up to date, if not told of other versions.
UPGRADE ?= $(addsuffix @latest,github.com/aws/aws-cdk-go/awscdk/v2 github.com/aws/aws-cdk-go/awscdklambdagoalpha/v2 \
	github.com/aws/constructs-go/constructs/v10 github.com/aws/jsii-runtime-go github.com/cdklabs/cdk-nag-go/cdknag/v2)
UPGRADE_NPM ?= aws-cdk@2 node@24 @viz-js/viz@3
ACTIONLINT_VERSION := v1.7.12
GOLANGCI_LINT_VERSION := v2.15.0
GOTESTSUM_VERSION := v1.13.0

# The pinned CDK CLI and Node come before those of the machine.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

setup := sh cmd/setup/setup.sh
pip := .tools/venv/bin/pip install --quiet --disable-pip-version-check --retries 1 --timeout 15
npm := node_modules/.package-lock.json
venv := .tools/venv/installed
browser := .tools/browser/installed
actionlint := .tools/bin/actionlint-$(ACTIONLINT_VERSION)
cfn-lint := .tools/venv/bin/cfn-lint
ruff := .tools/venv/bin/ruff
awscli := .tools/venv/bin/aws
golangci-lint := .tools/bin/golangci-lint-$(GOLANGCI_LINT_VERSION)
gotestsum := .tools/bin/gotestsum-$(GOTESTSUM_VERSION)
mariadb := .tools/mariadb/installed

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  ENV=NAME chooses config/NAME.yaml, production unless given"

.PHONY: local
local: $(if $(STOP),needs,$(npm) $(venv)) ## Deploy to an emulator on this machine, and push a release; KEEP=1 leaves it running, STOP=1 ends it
	@$(setup) fetch "the Go modules" go build -o .tools/bin/local ./cmd/local
	@$(if $(STOP),,$(setup) fetch "the Go modules" go list -deps -f '' . ./cmd/... ./functions/... >/dev/null)
	@.tools/bin/local -environment $(ENV) $(if $(KEEP),-keep) $(if $(STOP),-stop)

.PHONY: synth
synth: $(npm) ## Write the CloudFormation template to cdk.out
	cdk synth --quiet -c environment=$(ENV)

.PHONY: diff
diff: $(npm) ## Compare the deployed stack with the configuration
	cdk diff -c environment=$(ENV)

.PHONY: deploy
deploy: $(npm) ## Deploy the stack to AWS; CLEANUP=yes removes a failed first deploy without asking
	@go build -o .tools/bin/cleanup ./cmd/cleanup
	@.tools/bin/cleanup -environment $(ENV) $(if $(filter yes,$(CLEANUP)),-yes)
	cdk deploy -c environment=$(ENV)

.PHONY: destroy
destroy: $(npm) ## Delete the stack, unless it is protected
	@go build -o .tools/bin/protected ./cmd/protected
	@.tools/bin/protected -environment $(ENV)
	cdk destroy -c environment=$(ENV)

.PHONY: retry
retry: ## Deploy the image under the deploy tag, also when it was turned back
	@go run ./cmd/retry -environment $(ENV)

.PHONY: cost
cost: synth ## Print what the environment costs a month when nobody uses it, and what use adds; REGION=, FETCH=, SOURCES=yes
	@go run ./cmd/cost -environment $(ENV) $(if $(REGION),-regions $(REGION)) $(if $(FETCH),-fetch $(FETCH)) $(if $(filter yes,$(SOURCES)),-sources)

.PHONY: doctor
doctor: synth ## Report what would fail in a deploy, and how to fix it; SECRETS=yes reads secrets for their keys
	@go build -o .tools/bin/doctor ./cmd/doctor
	@.tools/bin/doctor -environment $(ENV) $(if $(filter yes,$(SECRETS)),-secrets)

.PHONY: test
test: lint $(npm) $(cfn-lint) $(awscli) $(browser) $(mariadb) ## Check everything: vet, lint, tests
	.tools/venv/bin/python -m pytest --quiet -p no:cacheprovider emulator/tests
	CHROMIUM=$${CHROMIUM:-$(CURDIR)/.tools/browser/chromium} $(gotestsum) --format pkgname -- -timeout 30m ./...
	cd examples/api && MARIADB=$(CURDIR)/.tools/mariadb $(CURDIR)/$(gotestsum) --format pkgname -- ./...

.PHONY: lint
lint: $(actionlint) $(golangci-lint) $(gotestsum) $(venv) $(ruff)
	go mod verify
	go mod tidy -diff
	go vet ./...
	$(golangci-lint) run
	cd examples/api && go mod verify && go mod tidy -diff && go vet ./... && $(CURDIR)/$(golangci-lint) run
	$(ruff) check --cache-dir .tools/ruff emulator && $(ruff) format --check --cache-dir .tools/ruff emulator
	.tools/venv/bin/shellcheck cmd/setup/setup.sh .ci/run examples/api/testdata/mariadb.sh
	.tools/venv/bin/shellcheck --external-sources --source-path=SCRIPTDIR docs/scripts/*.sh
	$(actionlint) -shellcheck .tools/venv/bin/shellcheck
	$(actionlint) examples/api/.github/workflows/release.yml

.PHONY: soak
soak: ## Play a million sequences against the release loop
	go test -run TestLoopHoldsItsInvariants -v -timeout 0 ./functions/ecs-redeploy -rapid.checks=1000000

.PHONY: bench
bench: $(npm) $(venv) ## Measure synth, and the function beside the Python one that it replaces
	$(pip) --requirement functions/ecs-redeploy/testdata/requirements.txt
	go test -run '^$$' -bench . -benchtime 10x . ./functions/ecs-redeploy

.PHONY: docs
docs: $(npm) ## Write what is generated: the README's table, config/schema.json, docs/cost.md
	go run ./cmd/docs
	cdk synth --quiet -c environment=production
	cdk synth --quiet -c environment=development
	go run ./cmd/cost -docs

.PHONY: diagram
diagram: $(npm) ## Draw docs/architecture.svg anew from the template
	go run ./cmd/diagram

.PHONY: upgrade
upgrade: $(npm) ## Upgrade the CDK, its CLI and Node, and show what that changes in the templates
	for env in production development; do cdk synth --quiet -c environment=$$env --output .local/before/$$env || exit; done
	go get $(UPGRADE)
	go mod tidy
	npm install --no-audit --no-fund --save-dev --save-exact $(UPGRADE_NPM)
	for env in production development; do cdk diff -c environment=$$env --template .local/before/$$env/*.template.json || exit; done
	git --no-pager diff --stat

.PHONY: version
version: ## Tell the version of this folder, and of what is deployed
	@go run ./cmd/version -environment $(ENV)

.PHONY: clean
clean: ## Remove everything that was built or installed here
	rm -rf .local .tools cdk.out node_modules

# What a machine has to have. Of npm and Python only what is still to be installed
# with them.
.PHONY: needs
needs:
	@$(setup) needs go $(if $(wildcard $(npm)),,npm) $(if $(wildcard $(venv)),,python3-venv)

# The first to download something finds out soon when there is no network: by default
# npm tries for minutes, and pip five times for each package.
$(npm): package.json package-lock.json | needs
	$(setup) fetch "the npm packages" npm ci --no-audit --no-fund --fetch-retries 1 --fetch-retry-mintimeout 1000 --fetch-timeout 15000
	@touch $@

$(venv): emulator/requirements.txt .github/requirements.txt | needs
	python3 -m venv --clear .tools/venv
	$(setup) fetch "the Python packages" $(pip) $(addprefix --requirement ,$^)
	@touch $@

# The package unpacks into TMPDIR, and the libraries that Chromium needs only where
# it believes that it runs on Lambda.
$(browser): $(wildcard functions/image-seed/testdata/browser/*) | $(npm)
	rm -rf $(@D)
	mkdir -p $(@D)
	cp $^ $(@D)
	npm ci --no-audit --no-fund --prefix $(@D)
	cd $(@D) && TMPDIR=$$PWD AWS_EXECUTION_ENV=AWS_Lambda_nodejs24.x node --input-type=module \
		--eval 'import chromium from "@sparticuz/chromium"; await chromium.executablePath()'
	@touch $@

$(actionlint):
	GOBIN=$(CURDIR)/.tools/bin GOFLAGS= go install github.com/rhysd/actionlint/cmd/actionlint@$(ACTIONLINT_VERSION)
	mv .tools/bin/actionlint $@

$(cfn-lint): lib/testdata/requirements.txt $(venv)
	$(setup) fetch "the Python packages" $(pip) --requirement $<
	@touch $@

$(ruff): emulator/requirements-dev.txt $(venv)
	$(setup) fetch "the Python packages" $(pip) --requirement $<
	@touch $@

$(awscli): cmd/local/testdata/requirements.txt $(venv)
	$(setup) fetch "the Python packages" $(pip) --requirement $<
	@touch $@

# A server for the example's tests, which are skipped where there is neither this nor
# one on the machine.
$(mariadb): examples/api/testdata/mariadb.sh
	rm -rf $(@D)
	mkdir -p $(@D)
	@if command -v apt-get >/dev/null && sh $< $(@D); then touch $@; \
	else echo "No MariaDB server from packages here: without one of its own this machine skips the example's database tests" >&2; fi

$(golangci-lint):
	GOBIN=$(CURDIR)/.tools/bin GOFLAGS= go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	mv .tools/bin/golangci-lint $@

$(gotestsum):
	GOBIN=$(CURDIR)/.tools/bin GOFLAGS= go install gotest.tools/gotestsum@$(GOTESTSUM_VERSION)
	mv .tools/bin/gotestsum $@
