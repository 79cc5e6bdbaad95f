#include "planner/command_progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace reckon {
namespace {

constexpr int cells = 24;

}  // namespace

ProgressBar::ProgressBar()
    : is_terminal_(::isatty(STDERR_FILENO) == 1),
      next_(Clock::now() + std::chrono::milliseconds(500)) {}

ProgressBar::~ProgressBar() {
  if (is_drawn_) std::fputs("\r\033[K", stderr);
}

void ProgressBar::show(double share, const std::string& remark) {
  if (!is_terminal_ || Clock::now() < next_) return;
  next_ = Clock::now() + std::chrono::milliseconds(100);
  const int full = std::clamp(static_cast<int>(share * cells), 0, cells);
  const std::string line = fmt::format("\r\033[K[{:#<{}}{:.<{}}] {:3.0f} % {}", "", full, "",
                                       cells - full, 100 * share, remark);
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
  is_drawn_ = true;
}

}  // namespace reckon
