// Runs the network on a computer and compares its outputs with the test vectors.
#include <cstdio>
#include <cstring>

#include "../model.h"
#include "../test_vectors.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/system_setup.h"
#include "tensorflow/lite/schema/schema_generated.h"

alignas(16) static uint8_t arena[kArenaBytes];

int main() {
  tflite::InitializeTarget();
  Resolver resolver;
  if (AddOperators(resolver) != kTfLiteOk) return 1;
  tflite::MicroInterpreter interpreter(tflite::GetModel(kModel), resolver, arena, kArenaBytes);
  if (interpreter.AllocateTensors() != kTfLiteOk) return 1;
  int equal = 0;
  for (int i = 0; i < kVectors; ++i) {
    memcpy(interpreter.input(0)->data.int8, kInputs[i], kInputBytes);
    if (interpreter.Invoke() != kTfLiteOk) return 1;
    const int8_t* scores = interpreter.output(0)->data.int8;
    equal += memcmp(scores, kOutputs[i], kClasses) == 0;
    const int best = BestClass(scores);
    printf("%s, score %.3f\n", kClassNames[best], Score(scores[best]));
  }
  printf("%d of %d outputs are equal; %zu bytes of the arena used\n", equal, kVectors,
         interpreter.arena_used_bytes());
  return equal == kVectors ? 0 : 1;
}
