// The moments at which a pipeline rank may hold most: counts of live and queued chunks of each of
// its stages, those left out that another moment exceeds everywhere. Whatever a chunk weighs, the
// worst moment of a schedule (planner/schedules/in_flight) is among them.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "planner/spec/schedule.hpp"

namespace reckon {

struct HeldMoments {
  int stages = 1;                  // of the rank
  std::vector<std::int32_t> live;  // [moment][stage], flat
  std::vector<std::int32_t> queued;

  std::size_t moments() const { return live.size() / static_cast<std::size_t>(stages); }
};

// Of each rank. Precondition: the shape admits its schedule.
std::vector<HeldMoments> held_moments(const ScheduleShape& shape);

// The same, kept; shapes that differ only in micro-batches beyond the first few share an entry.
class HeldMomentsCache {
 public:
  const std::vector<HeldMoments>& of(const ScheduleShape& shape);

 private:
  std::map<ScheduleShape, std::vector<HeldMoments>> known_;
};

// As many micro-batches of the shape as show every moment of all of them; GPipe holds them all.
ScheduleShape shortest_alike(const ScheduleShape& shape);

}  // namespace reckon
