using System.Reflection;
using Stemsharp.Simd;
using Xunit;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Stemsharp.Tests;

/// <summary>
/// A theory whose first argument names an instruction set. Its cases for those that this process lacks are skipped, each by
/// itself, so that the count of skipped tests tells them.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer("Stemsharp.Tests.TierTheoryDiscoverer", "Stemsharp.Tests")]
internal sealed class TierTheoryAttribute : TheoryAttribute;

/// <summary>A case for each instruction set of the table: its name, then the given arguments.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
internal sealed class TierDataAttribute(params object[] arguments) : DataAttribute
{
    public override IEnumerable<object[]> GetData(MethodInfo testMethod) =>
        SimdTier.All.Select(tier => (object[])[tier.Name, .. arguments]);
}

/// <summary>Skips single cases; xunit by itself skips whole sources of data.</summary>
internal sealed class TierTheoryDiscoverer(IMessageSink diagnosticMessageSink) : TheoryDiscoverer(diagnosticMessageSink)
{
    protected override IEnumerable<IXunitTestCase> CreateTestCasesForDataRow(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo theoryAttribute, object[] dataRow) =>
        Tiers.SkipReason((string)dataRow[0]) is { } reason
            ? CreateTestCasesForSkippedDataRow(discoveryOptions, testMethod, theoryAttribute, dataRow, reason)
            : base.CreateTestCasesForDataRow(discoveryOptions, testMethod, theoryAttribute, dataRow);
}
