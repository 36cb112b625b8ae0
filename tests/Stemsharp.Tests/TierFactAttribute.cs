using System.Runtime.InteropServices;
using Xunit;

namespace Stemsharp.Tests;

/// <summary>A test of one instruction set; skipped where this process lacks it, see <see cref="Tiers.SkipReason"/>.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TierFactAttribute : FactAttribute
{
    /// <param name="tier">The instruction set's name.</param>
    /// <param name="onlyX64">Whether what it expects was recorded on x64, where other processors round elsewhere.</param>
    public TierFactAttribute(string tier, bool onlyX64 = false)
    {
        if (onlyX64 && RuntimeInformation.ProcessArchitecture != System.Runtime.InteropServices.Architecture.X64)
        {
            Skip = "What this test expects was recorded on x64.";
        }
        else
        {
            Skip = Tiers.SkipReason(tier);
        }
    }
}
