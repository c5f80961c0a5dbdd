"""Which operations a SavedModel may hold."""

import re

import pytest
import tensorflow as tf
from tensorflow.python.framework import op_def_registry

from cnnzoo.guard.operations import FILLING, OF_FILES, computes

# Of TensorFlow's own list of operations, those that reach beyond the values that they are given.
REACHING = [
    *("ReadFile", "WriteFile", "MatchingFiles", "SaveV2", "Save", "SaveSlices", "RestoreV2"),
    *("Restore", "RestoreSlice", "MergeV2Checkpoints", "ShardedFilename", "ShardedFilespec"),
    *(
        "ImmutableConst",
        "LoadAndRemapMatrix",
        "GenerateVocabRemapping",
        "FileSystemSetConfiguration",
    ),
    *("InitializeTableFromTextFileV2", "InitializeTableFromTextFile", "InitializeTableFromDataset"),
    *("PyFunc", "PyFuncStateless", "EagerPyFunc", "Abort", "Print", "PrintV2"),
    *("TextLineReaderV2", "WholeFileReaderV2", "TFRecordReaderV2", "FixedLengthRecordReaderV2"),
    *("LMDBReader", "ReaderReadV2", "RecordInput", "TFRecordDataset", "TextLineDataset"),
    *("FixedLengthRecordDatasetV2", "CSVDataset", "SqlDataset", "LMDBDataset", "CacheDatasetV2"),
    *("MatchingFilesDataset", "LoadDataset", "SaveDatasetV2", "DatasetToTFRecord", "CacheDataset"),
    *("SnapshotDatasetV2", "GeneratorDataset", "DataServiceDatasetV4", "RegisterDatasetV2"),
    *("MapDataset", "IteratorV2", "OneShotIterator", "DistributedSave", "DecodeProtoV2"),
    *("EncodeProto", "CreateSummaryFileWriter", "CreateSummaryDbWriter", "SummaryWriter"),
    *("WriteSummary", "WriteImageSummary", "ImportEvent", "DebugIdentity", "DebugIdentityV2"),
    *("DebugNumericSummary", "DumpTensor", "Copy", "RemoteCall", "RpcCall", "RpcServer"),
    *("NcclAllReduce", "CollectiveReduceV2", "CollectiveBcastRecv", "Send", "Recv", "XlaLaunch"),
    *("XlaCallModule", "TPUExecute", "ConfigureDistributedTPU", "OutfeedEnqueue", "BatchFunction"),
    *("FIFOQueueV2", "QueueEnqueueV2", "Stage", "MapStage", "GetSessionTensor", "DeepCopy"),
    *("DestroyResourceOp", "MutexV2", "FixedUnigramCandidateSampler", "TfLiteSubgraphExecute"),
]


@pytest.mark.parametrize("name", REACHING)
def test_what_reaches_out_is_refused(name):
    assert not computes(name)


def test_what_may_stand_in_a_saver_or_fill_a_table_is_apart():
    assert not any(map(computes, OF_FILES))
    assert all(map(computes, FILLING))


def test_no_allowed_operation_takes_the_name_of_a_file_or_an_address():
    outside = re.compile(r"file|path|url|addr|prefix|region|dir\b|directory|host|server|token")
    allowed = [name for name in dir(tf.raw_ops) if computes(name)]
    assert len(allowed) > 500
    reaching = {
        name
        for name in allowed
        for one in (*op_def_registry.get(name).input_arg, *op_def_registry.get(name).attr)
        if outside.search(one.name)
    }
    assert reaching == set()


def test_what_tensorflow_does_not_know_is_refused():
    assert not computes("NoSuchOperation")
    assert not computes("")
    assert not computes("Any_")
    assert not computes("annotations")  # A name in TensorFlow's modules that is no operation.
