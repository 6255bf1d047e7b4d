# Everything a fresh clone needs: `make demo` and `make test` set up what they use.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PICTURED := cmtfusion,ir,visible,average,laplacian,dtcwt,gff,gtf,ifevip
TRAINED := ir,visible,average,laplacian,cmtfusion,cmtfusion-paper

.PHONY: setup demo test coverage slow packaging lint format types docs versions scenes pictures clean

setup: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade -c constraints.txt pip
	$(BIN)/python -m pip install --quiet -c constraints.txt --editable '.[dev,docs,peers,yolo]'
	touch $@

demo: setup  ## the main job on the embedded sample data
	$(BIN)/fusionbench run --methods cmtfusion,baselines --dataset sample --out results/demo

test: setup  ## every test but the slow ones
	$(BIN)/pytest -n 2 -m "not slow and not gpu and not packaging"

coverage: setup  ## the same tests with the lines and branches they reach
	$(BIN)/pytest -n 2 -m "not slow and not gpu and not packaging" --cov --cov-report=term

slow: setup  ## the tests marked slow
	$(BIN)/pytest -m slow

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: setup  ## the installed package: mypy does not see through an editable install
	rm -rf build $(VENV)/types
	$(BIN)/python -m pip install --quiet --no-deps --target $(VENV)/types .
	cd $(VENV)/types && $(abspath $(BIN))/mypy --config-file $(CURDIR)/pyproject.toml -p fusionbench
	cd tools && MYPYPATH=$(abspath $(VENV))/types $(abspath $(BIN))/mypy --config-file $(CURDIR)/pyproject.toml -p sample_scenes -p site_pages

docs: setup  ## the site, in docs/_build/html; its generated pages are made from the code
	$(BIN)/fusionbench list checks --markdown > docs/checks.md
	$(BIN)/python -m sphinx -W --keep-going -q docs docs/_build/html

versions: setup  ## the table of what the code of each plug-in is, after a change to it
	$(BIN)/python tests/fusionbench/test_versions.py

scenes: setup  ## the sample scenes, drawn again
	rm -rf configs/sample && PYTHONPATH=tools $(BIN)/python -m sample_scenes configs/sample

packaging: setup  ## wheel and editable installs, from here and from elsewhere
	$(BIN)/pytest -m packaging

clean:
	rm -rf $(VENV) build docs/_build docs/generated .mypy_cache .ruff_cache .pytest_cache dist *.egg-info results/demo

pictures: setup  ## what the README and the cards show, and results/sample (needs pdflatex, pdftoppm)
	$(BIN)/fusionbench run --methods $(PICTURED) --dataset sample --out results/pictures
	$(BIN)/fusionbench publish results/pictures results/sample --grids
	cd results/pictures && for pass in 1 2; do \
		pdflatex -interaction=batchmode leaderboard_standalone.tex > /dev/null; done
	pdftoppm -png -r 160 -singlefile -x 100 -y 110 -W 1130 -H 560 \
		results/pictures/leaderboard_standalone.pdf results/sample/leaderboard
	$(BIN)/fusionbench run --methods $(TRAINED) --weights cmtfusion=retrained --dataset sample \
		--out results/pictures-trained
	cp results/pictures-trained/figures/grid_sample.png results/cmtfusion-variants/sample.png
