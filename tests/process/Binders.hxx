#pragma once

#include "Support.hxx"

/** Clusters of programs/binder, which knows no contract. */
namespace process {

/** What one worker says of one step, or what it answers. */
using Said = std::map<std::string, std::string>;

/** A cluster of three, unless the options say otherwise; `--` and the steps are added. */
class Binders : public Cluster {
public:
    Binders(std::vector<std::string> options, std::vector<std::string> steps, Start start = {},
            unsigned workers_ = 3);

    /** What each slot's newest worker has said of a step; waits until all have. */
    std::map<std::string, Said> Of(unsigned step);

    /** That, where it has to be the same for all: the field's value. */
    std::string Same(unsigned step, const std::string &field);

    /** Waits until all have done all steps. */
    void WaitServing();

    /** Waits for `listening` of each worker, adopted or not; the event of the last. */
    Event WaitListening(bool adopted = true);

    /** Asks until each slot has answered; false in time. */
    bool AllAnswer(const std::string &address) const;

    const unsigned workers;
};

/** "127.0.0.1:PORT" */
std::string Local(unsigned port);

/** Is somebody there, and nobody but the expected? A refusal, or no such path, is false. */
bool Answers(const std::string &address);

} // namespace process
