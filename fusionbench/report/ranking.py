from fusionbench.statistics.contests import *
