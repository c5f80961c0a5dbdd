"""Which operations of TensorFlow a SavedModel may hold: those that compute, and few others.

TensorFlow sorts its operations into modules, and marks those that have an effect or a state. Of
the modules below, which compute, what has none is allowed, but for what their names hide. All else
is refused unless it is listed: files, the network, Python, printing, summaries, debugging, data
pipelines, queues, other devices, and what this TensorFlow does not know.
"""

from __future__ import annotations

import functools

from cnnzoo.keras_internals import operation_definition, operation_modules

_COMPUTING = (
    *("array", "audio", "bitwise", "control_flow", "functional", "image", "linalg", "list"),
    *("manip", "math", "nn", "parsing", "ragged_array", "ragged_conversion", "ragged_math"),
    *("special_math", "spectral", "stateless_random", "stateless_random_ops_v2", "string"),
)
_MODULES = [name if "_ops" in name else f"{name}_ops" for name in _COMPUTING]
_HIDDEN = {"Abort", "ImmutableConst"}  # Ends the process; maps a file into memory.
_DATA_FLOW = {"DynamicPartition", "DynamicStitch", "ParallelDynamicStitch"}  # Beside queues.
_STATEFUL = {
    *("Case", "If", "StatefulPartitionedCall", "While"),
    *("Assert", "CheckNumerics", "Empty", "GuaranteeConst", "StatelessRandomGetAlg"),
    *("AssignVariableOp", "DisableCopyOnRead", "ReadVariableOp", "ResourceGather"),
    *("ResourceGatherNd", "VarHandleOp", "VarIsInitializedOp", "VariableShape"),
    *("HashTableV2", "InitializeTableV2", "LookupTableFindV2", "LookupTableImportV2"),
    *("LookupTableSizeV2", "RandomStandardNormal", "RandomUniform", "RandomUniformInt"),
    *("RandomShuffle", "TruncatedNormal"),
}

# What the two functions consist of that write and read the variables.
SAVING = {"MergeV2Checkpoints", "SaveV2"}
RESTORING = {"RestoreV2"}
OF_FILES = {*SAVING, *RESTORING, "ShardedFilename"}

# What fills a table from constants when a SavedModel is loaded.
FILLING = {"Const", "HashTableV2", "Identity", "InitializeTableV2", "LookupTableImportV2", "NoOp"}


@functools.cache
def computes(name: str) -> bool:
    """Return whether the operation may stand in a SavedModel."""
    definition = operation_definition(name)
    if definition is None or name in _HIDDEN:
        return False
    if definition.is_stateful:
        return name in _STATEFUL
    return name in _DATA_FLOW or any(
        hasattr(module, name) for module in operation_modules(_MODULES)
    )
