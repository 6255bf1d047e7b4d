from fusionbench.detection.results import *
