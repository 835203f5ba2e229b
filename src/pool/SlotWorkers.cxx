#include "pool/SlotWorkers.hxx"

#include <algorithm>
#include <utility>

namespace pool {

SlotWorkers::SlotWorkers(const Description &made, const Context &context, WorkerOwner &owner)
    : SlotWorkers(context.loop) {
    const auto make = [&](const Worker::Description &worker) {
        return std::make_unique<Worker>(worker, context, owner);
    };
    if (made.current)
        current = make(*made.current);
    if (made.successor)
        successor = make(*made.successor);
    for (const Worker::Description &worker : made.leaving)
        leaving.push_back(make(worker));
}

SlotWorkers::Description SlotWorkers::Describe() const {
    Description description;
    if (current)
        description.current = current->Describe();
    if (successor)
        description.successor = successor->Describe();
    for (const auto &worker : leaving)
        description.leaving.push_back(worker->Describe());
    return description;
}

Worker *SlotWorkers::Find(unsigned id) const noexcept {
    if (current && current->Ref().id == id)
        return current.get();
    if (successor && successor->Ref().id == id)
        return successor.get();
    const auto found = std::find_if(leaving.begin(), leaving.end(),
                                    [id](const auto &worker) { return worker->Ref().id == id; });
    return found != leaving.end() ? found->get() : nullptr;
}

std::vector<Worker *> SlotWorkers::All() const {
    std::vector<Worker *> all;
    for (const auto *one : {&current, &successor})
        if (*one)
            all.push_back(one->get());
    for (const auto &one : leaving)
        all.push_back(one.get());
    return all;
}

Worker *SlotWorkers::Swap() {
    std::unique_ptr<Worker> old = std::exchange(current, std::move(successor));
    if (!old)
        return nullptr;
    leaving.push_back(std::move(old));
    return leaving.back().get();
}

SlotWorkers::Part SlotWorkers::PartOf(const Worker &worker) const noexcept {
    if (&worker == current.get())
        return Part::CURRENT;
    return &worker == successor.get() ? Part::SUCCESSOR : Part::LEAVING;
}

void SlotWorkers::Remove(const Worker &worker) {
    if (&worker == current.get()) {
        removed.push_back(std::move(current));
    } else if (&worker == successor.get()) {
        removed.push_back(std::move(successor));
    } else {
        const auto found = std::find_if(leaving.begin(), leaving.end(), [&worker](const auto &one) {
            return one.get() == &worker;
        });
        removed.push_back(std::move(*found));
        leaving.erase(found);
    }
    tidy.Schedule();
}

} // namespace pool
