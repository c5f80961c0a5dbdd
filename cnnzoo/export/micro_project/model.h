// $name: an int8 network for TensorFlow Lite Micro.
#ifndef MODEL_H_
#define MODEL_H_

#include <math.h>
#include <stdint.h>

#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"

constexpr int kModelBytes = $model_bytes;
extern const unsigned char kModel[kModelBytes];

// Working memory, as measured on a 64-bit computer with reference kernels; give it an alignment of
// 16. Kernels that are optimized for a device may need more.
constexpr int kArenaBytes = $arena;

// One example: $raw, [$shape].
constexpr int kInputBytes = $inputs;
constexpr float kInputScale = $input_scale;
constexpr int kInputZeroPoint = $input_zero;

// A score from 0 to 1 for each class.
constexpr int kClasses = $classes;
constexpr float kScoreScale = $score_scale;
constexpr int kScoreZeroPoint = $score_zero;
extern const char* const kClassNames[kClasses];  // UTF-8.

// What the network takes for a pixel or sample.
inline int8_t Quantize(float value) {
  const float scaled = nearbyintf(value / kInputScale) + kInputZeroPoint;
  return static_cast<int8_t>(fminf(fmaxf(scaled, -128.0f), 127.0f));
}

// The score that the network gives as `value`.
inline float Score(int8_t value) { return kScoreScale * (value - kScoreZeroPoint); }

// The class with the highest score.
inline int BestClass(const int8_t* scores) {
  int best = 0;
  for (int i = 1; i < kClasses; ++i) {
    if (scores[i] > scores[best]) best = i;
  }
  return best;
}

using Resolver = tflite::MicroMutableOpResolver<$operators>;

// Add the network's operators, and no others.
inline TfLiteStatus AddOperators(Resolver& resolver) {
  if ($added) {
    return kTfLiteError;
  }
  return kTfLiteOk;
}

#endif  // MODEL_H_
