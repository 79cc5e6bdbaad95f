// A progress bar on standard error, where that is a terminal.
#pragma once

#include <chrono>
#include <string>

namespace reckon {

class ProgressBar {
 public:
  ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  ~ProgressBar();  // takes the bar away

  // Draws, but not in the first half second and not more than ten times a second.
  void show(double share, const std::string& remark);

 private:
  using Clock = std::chrono::steady_clock;
  bool is_terminal_;
  bool is_drawn_ = false;
  Clock::time_point next_;
};

}  // namespace reckon
