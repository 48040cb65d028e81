#pragma once
// Where the joules go. Readings of a meter cut time into pieces: what was drawn until the end of a
// step belongs to the step, and is shared among its sequences by their tokens; what was drawn while
// there was nothing to do is idle. So the requests' shares and the idle part are, at every step's
// end, all that the meter says.
//
//   ──idle──▶│──step──│──step──│──idle──▶│──step──
//         reading  reading  reading   reading

namespace mill::llm {

struct EngineEnergy {
  double steps = 0, idle = 0;  // joules; what the steps had, their requests have

  void begin(double meter) { last = meter; }
  void on_idle(double meter) { idle += passed(meter); }  // just before the next step
  double on_step(double meter) {                         // its end; what it has drawn
    const double drawn = passed(meter);
    steps += drawn;
    return drawn;
  }

 private:
  double passed(double meter) {
    const double drawn = meter - last;
    last = meter;
    return drawn;
  }
  double last = 0;
};

}  // namespace mill::llm
