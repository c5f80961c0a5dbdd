// Test examples, quantized, with the int8 outputs that the network must give.
#ifndef TEST_VECTORS_H_
#define TEST_VECTORS_H_

#include "model.h"

constexpr int kVectors = $vectors;
extern const int8_t kInputs[kVectors][kInputBytes];
extern const int8_t kOutputs[kVectors][kClasses];

#endif  // TEST_VECTORS_H_
