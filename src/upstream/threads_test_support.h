#pragma once

#include <thread>
#include <vector>

namespace standin {

/// Returns once `work` has ended on each.
template <class Function>
void on_four_threads(const Function& work) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work);
}

}  // namespace standin
