// Runs the network on a board: the test vectors in turn, over the serial port.
#include <TensorFlowLite.h>

#include "model.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/schema/schema_generated.h"
#include "test_vectors.h"

alignas(16) static uint8_t arena[kArenaBytes];
static Resolver resolver;
static tflite::MicroInterpreter* network = nullptr;

void setup() {
  Serial.begin(115200);
  while (!Serial) {
  }
  static tflite::MicroInterpreter interpreter(tflite::GetModel(kModel), resolver, arena,
                                              kArenaBytes);
  if (AddOperators(resolver) != kTfLiteOk || interpreter.AllocateTensors() != kTfLiteOk) {
    Serial.println("The network needs a larger arena or a newer library.");
    return;
  }
  network = &interpreter;
}

void loop() {
  if (network == nullptr) return;
  for (int i = 0; i < kVectors; ++i) {
    memcpy(network->input(0)->data.int8, kInputs[i], kInputBytes);
    const unsigned long begin = micros();
    if (network->Invoke() != kTfLiteOk) return;
    const unsigned long taken = micros() - begin;
    const int8_t* scores = network->output(0)->data.int8;
    const int best = BestClass(scores);
    Serial.print(kClassNames[best]);
    Serial.print(", score ");
    Serial.print(Score(scores[best]), 3);
    Serial.print(memcmp(scores, kOutputs[i], kClasses) == 0 ? ", as expected, " : ", NOT as expected, ");
    Serial.print(taken);
    Serial.println(" us");
  }
  delay(5000);
}
