# Thin on purpose: a target is one line, and what is longer lives in tools/.
# PORT=9000 make run    serves elsewhere
# make slow             what make test leaves out: many more of the same kind; a quarter of an hour
# make proofs           thinks up many more and longer histories; takes an hour
# make mutants          puts forty defects in, one by one: do the tests find each? ten minutes
# make scan             sends a scanner at the demo; five minutes
# make bench            measures; ARGS=--quick in a few minutes, ARGS="--only race" one part
# make faults           kills, cuts off and fills up, in ten minutes; writes docs/PROOF.md
# make gallery          looks at every page of the demo, and writes gallery/index.html
# PYTHON=/path/to/python3.12 make test    takes another Python (3.11 or later)

PORT ?= 8000
PORTAL := .venv/bin/portal
PYTEST := .venv/bin/python -m pytest -n 2 --dist loadgroup
NEEDED := chromium libatomic1 nginx-light postgresql strace

.PHONY: run test slow proofs mutants faults check bench gallery scan lock

run: export PORTAL_DEMO ?= 1
run: export PORTAL_INSTANCE ?= instance
run: .venv/run.done
	@$(PORTAL) db upgrade && $(PORTAL) demo && exec $(PORTAL) serve --port $(PORT)

test: .venv/dev.done
	@tools/need $(NEEDED) && exec $(PYTEST) -m "not slow"

slow: .venv/dev.done
	@tools/need $(NEEDED) && exec $(PYTEST) -m slow

proofs: export PORTAL_HYPOTHESIS = deep
proofs: .venv/dev.done
	@tools/need $(NEEDED) && exec $(PYTEST) --timeout=0

mutants: .venv/dev.done
	@exec .venv/bin/python -m tests.mutants

faults: .venv/dev.done
	@tools/need postgresql strace && exec .venv/bin/python -m tests.faults

check: .venv/dev.done
	@tools/need postgresql && exec tools/check

bench: .venv/dev.done
	@exec .venv/bin/python -m benchmarks $(ARGS)

gallery: .venv/dev.done
	@tools/need chromium && exec .venv/bin/python -m tools.gallery

scan: .venv/dev.done .venv-scan/done
	@exec .venv/bin/python -m tools.scan

lock: .venv/dev.done
	@exec tools/lock

.venv/run.done: requirements.txt pyproject.toml tools/uv.txt tools/install
	@tools/install run

.venv/dev.done: requirements-dev.txt requirements.txt pyproject.toml tools/uv.txt tools/install
	@tools/install dev

.venv-scan/done: tools/scan.txt tools/install | .venv/dev.done
	@tools/install scan
