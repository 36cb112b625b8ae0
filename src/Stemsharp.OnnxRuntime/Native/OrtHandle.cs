using System.Runtime.InteropServices;

namespace Stemsharp.OnnxRuntime.Native;

/// <summary>An object of onnxruntime's, released once and not while a call uses it.</summary>
internal sealed class OrtHandle : SafeHandle
{
    private readonly OrtApi _api;
    private readonly OrtFunction _release;

    public OrtHandle(OrtApi api, OrtFunction release, nint value) : base(0, ownsHandle: true)
    {
        _api = api;
        _release = release;
        SetHandle(value);
    }

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        _api.Release(_release, handle);
        return true;
    }

    /// <summary>Keeps the object alive until the result is disposed.</summary>
    public Use Enter() => new(this);

    /// <summary>A use of the object; throws when it has been disposed of.</summary>
    public readonly ref struct Use
    {
        private readonly OrtHandle _owner;

        public Use(OrtHandle owner)
        {
            bool entered = false;
            owner.DangerousAddRef(ref entered);
            _owner = owner;
        }

        public nint Value => _owner.handle;

        public void Dispose() => _owner.DangerousRelease();
    }
}
