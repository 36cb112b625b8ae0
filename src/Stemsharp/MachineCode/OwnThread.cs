using System.Runtime.ExceptionServices;

namespace Stemsharp.MachineCode;

/// <summary>
/// A thread with a <see cref="SignalStack"/> that does its caller's work while the caller waits: for functions that leave a thread with more
/// to be kept than its signals have room for.
/// </summary>
internal sealed class OwnThread : IDisposable
{
    private readonly Thread _thread;
    private readonly SemaphoreSlim _start = new(0), _done = new(0);
    private Action? _work;
    private ExceptionDispatchInfo? _error;

    /// <param name="name">Its name.</param>
    public OwnThread(string name)
    {
        _thread = new Thread(Loop) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>Runs something and returns when it is done. One at a time.</summary>
    /// <exception cref="Exception">Whatever it throws.</exception>
    public void Run(Action work)
    {
        _work = work;
        _start.Release();
        _done.Wait();
        ExceptionDispatchInfo? error = _error;
        (_work, _error) = (null, null);
        error?.Throw();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _start.Release();
        _thread.Join();
        _start.Dispose();
        _done.Dispose();
    }

    private void Loop()
    {
        using SignalStack? stack = SignalStack.Enlarge();
        for (_start.Wait(); _work is { } work; _start.Wait())
        {
            try
            {
                work();
            }
#pragma warning disable CA1031 // It belongs to the caller, who gets it rethrown.
            catch (Exception e)
#pragma warning restore CA1031
            {
                _error = ExceptionDispatchInfo.Capture(e);
            }

            _done.Release();
        }
    }
}
