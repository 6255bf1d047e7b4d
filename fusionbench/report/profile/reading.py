from fusionbench.profiling.results import *
