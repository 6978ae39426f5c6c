# The commands of a day. `just` alone lists them; `pip install -e '.[dev]'` brings it.

bin := justfile_directory() / ".venv/bin"

_default:
    @just --list --unsorted

# make the virtual environment with all tools, and check before each commit
setup:
    python3 -m venv .venv
    {{bin}}/pip install -c constraints.txt -e '.[test,dev]'
    {{bin}}/pre-commit install

# serve this folder's schema with demo data
dev *arguments:
    {{bin}}/graph-api dev {{arguments}}

# run tests: all on all cores, or those that you name
test *arguments="--numprocesses=auto":
    {{bin}}/pytest {{arguments}}

# run the tests on graphql-core alone, but those that start processes or run no operation
core *arguments="--numprocesses=auto":
    {{bin}}/pytest --engine=graphql-core --ignore=tests/e2e --ignore=tests/project --ignore=tests/benchmarks {{arguments}}

# compare plans with graphql-core on made-up schemas, as `just differential --comparisons 1000000`
differential *arguments:
    {{bin}}/python -m tests.execution.differential.wide {{arguments}}

# show the lines that no test runs; slow: it follows every process that the tests start
coverage:
    {{bin}}/pytest --numprocesses=auto --cov

# check and format the code, mending what can be mended
lint:
    {{bin}}/ruff check --fix
    {{bin}}/ruff format
    {{bin}}/lint-imports

# check the types
types:
    {{bin}}/mypy

# measure, side by side with others; `just benchmark execution --quick` takes seconds
benchmark *arguments:
    {{bin}}/python -m benchmarks {{arguments}}

# measure everything, and write all tables and plots into benchmarks/results: 12 minutes
benchmarks:
    for each in execution http database sign_in authorization tokens documents; do {{bin}}/python -m benchmarks $each || exit 1; done

# run all that CI runs
check:
    .ci/run

# renew uv.lock and constraints.txt; `just lock --upgrade` takes newer releases
lock *arguments:
    {{bin}}/uv lock {{arguments}}
    {{just_executable()}} constraints > constraints.txt

# print uv.lock as constraints for pip
constraints:
    @{{bin}}/uv export --frozen --all-extras --no-hashes --no-emit-project --no-annotate --no-header

# run the suite with the oldest releases that pyproject.toml allows
lowest:
    {{bin}}/uv venv --clear .venv-lowest
    {{bin}}/uv pip install --python .venv-lowest --resolution lowest-direct -e '.[test]'
    .venv-lowest/bin/pytest --numprocesses=auto

# write docs/settings.md, schema.graphql and tests/schema/permissions.md anew
docs:
    {{bin}}/python -m tests.project.settings_table > docs/settings.md
    {{bin}}/graph-api schema export > schema.graphql
    {{bin}}/graph-api schema permissions --format markdown --output tests/schema/permissions.md

# build the GraphiQL page that the package ships
graphiql:
    npm --prefix graphiql ci
    npm --prefix graphiql run build

# build the console that the package ships, with the Node that the extra `dev` brings
console:
    PATH="{{bin}}:$PATH" npm --prefix console ci
    PATH="{{bin}}:$PATH" npm --prefix console run build
