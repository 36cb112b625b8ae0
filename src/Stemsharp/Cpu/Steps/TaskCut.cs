namespace Stemsharp.Cpu.Steps;

/// <summary>
/// How a product is cut into tasks: some blocks of columns that share each strip of weights, and, where there are few
/// blocks, the strips in groups. Sums are never cut, so results do not depend on it.
/// </summary>
internal readonly struct TaskCut
{
    // Enough tasks that the last ones to finish leave the other threads idle for a small part only; but each
    // group of strips packs its panel anew.
    private const int TasksPerWorker = 8;

    // With fewer tasks a thread, the last ones to finish would leave others idle for longer than sharing saves.
    private const int FewestTasks = 6;

    // Strips that a group has at least.
    private const int FewestStrips = 16;

    private readonly int _allBlocks, _strips, _together;

    /// <param name="blocks">Blocks of columns in all.</param>
    /// <param name="mostShared">How many of them may share a strip.</param>
    /// <param name="strips">Strips of weights.</param>
    /// <param name="together">Strips that stay together.</param>
    /// <param name="workers">Threads.</param>
    public TaskCut(int blocks, int mostShared, int strips, int together, int workers)
    {
        (_allBlocks, _strips, _together) = (blocks, strips, together);
        Blocks = mostShared;
        while (Blocks > 1 && blocks < FewestTasks * Blocks * workers)
        {
            Blocks /= 2;
        }

        Groups = Math.Clamp(TasksPerWorker * workers / BlockTasks, 1, Math.Max(1, strips / FewestStrips));
    }

    /// <summary>Blocks a task.</summary>
    public int Blocks { get; }

    /// <summary>Groups of strips.</summary>
    public int Groups { get; }

    public int Tasks => BlockTasks * Groups;

    private int BlockTasks => (_allBlocks + Blocks - 1) / Blocks;

    /// <summary>A task's first block and number of blocks, its first strip and the one after its last.</summary>
    public (int Block, int Count, int Strip, int End) this[int task]
    {
        get
        {
            (int index, int group) = Math.DivRem(task, Groups);
            int block = index * Blocks;
            return (block, Math.Min(Blocks, _allBlocks - block), First(group), First(group + 1));
        }
    }

    private int First(int group) => group == Groups ? _strips : _strips * group / Groups / _together * _together;
}
