using System.Collections.Immutable;

namespace Stemsharp.Vulkan.Kernels;

/// <summary>A kernel with its specialization constants: what a pipeline is made of.</summary>
/// <param name="Shader">Name of the module, without extension.</param>
/// <param name="Constants">Values of constants 0, 1, …</param>
/// <param name="Threads">Threads of a workgroup.</param>
/// <param name="FullSubgroups">Whether it relies on whole subgroups.</param>
internal sealed record KernelKey(string Shader, ImmutableArray<int> Constants, int Threads, bool FullSubgroups = false)
{
    public bool Equals(KernelKey? other) =>
        other is not null && Shader == other.Shader && Threads == other.Threads && FullSubgroups == other.FullSubgroups && Constants.AsSpan().SequenceEqual(other.Constants.AsSpan());

    public override int GetHashCode()
    {
        HashCode hash = new();
        hash.Add(Shader);
        foreach (int constant in Constants)
        {
            hash.Add(constant);
        }

        return hash.ToHashCode();
    }

    public override string ToString() => $"{Shader}({string.Join(",", Constants)})";
}
